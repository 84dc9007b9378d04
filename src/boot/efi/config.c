/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/efi/config.h"

static bool same(struct span a, struct span b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (a.at[i] != b.at[i])
            return false;
    return true;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

static struct span trim(struct span s)
{
    while (s.length && blank(s.at[0])) {
        s.at++;
        s.length--;
    }
    while (s.length && blank(s.at[s.length - 1]))
        s.length--;
    return s;
}

/* The next line that says something, without blanks around it; an empty one: the end. */
static struct span next_line(struct span *rest)
{
    while (rest->length) {
        struct span line = trim(text_cut(rest, '\n'));

        if (line.length && line.at[0] != '#')
            return line;
    }
    return (struct span){ rest->at, 0 };
}

/* Is a line the head of a section?  Then *name is the section's. */
static bool is_head(struct span line, struct span *name)
{
    if (line.at[0] != '[' || line.at[line.length - 1] != ']')
        return false;
    *name = trim((struct span){ line.at + 1, line.length - 2 });
    return true;
}

/* The first value of a name in a section; everywhere: in all of the file. */
static struct span find(struct span rest, struct span section, bool everywhere, const char *name)
{
    struct span line, in = { NULL, 0 };

    while ((line = next_line(&rest)).length) {
        struct span value = line, key;

        if (is_head(line, &in) || !(everywhere || same(in, section)))
            continue;
        key = trim(text_cut(&value, '='));
        if (text_equal(key, name) && key.length < line.length)
            return trim(value);
    }
    return (struct span){ NULL, 0 };
}

struct span config_section(struct span file, struct span wanted)
{
    return wanted.length ? wanted : find(file, text_span("global"), false, "default");
}

bool config_has_section(struct span file, struct span section)
{
    struct span line, name;

    while ((line = next_line(&file)).length)
        if (is_head(line, &name) && same(name, section))
            return true;
    return false;
}

struct span config_value(struct span file, struct span section, const char *name)
{
    struct span value = find(file, section, section.length == 0, name);

    return value.length ? value : find(file, text_span("global"), false, name);
}

bool config_next_name(const char *file, size_t *length)
{
    size_t at = *length;

    while (at > 0 && file[at - 1] != '.' && file[at - 1] != '-' && file[at - 1] != '_')
        at--;
    if (at < 2)
        return false;
    *length = at - 1;
    return true;
}

static bool starts(struct span word, const char *with)
{
    struct span head = text_span(with);

    return word.length >= head.length && same((struct span){ word.at, head.length }, head);
}

/* A shell puts the image's own name first, a boot entry of the firmware does not. */
static bool is_image_name(struct span word)
{
    const char *end = word.at + word.length;

    return word.length >= 4 && end[-4] == '.' && (end[-3] | 0x20) == 'e' &&
           (end[-2] | 0x20) == 'f' && (end[-1] | 0x20) == 'i';
}

struct config_words config_words(struct span line)
{
    struct config_words words = { 0 };
    struct span rest = trim(line);
    bool first = true;

    while (rest.length) {
        struct span word = text_cut(&rest, ' ');

        rest = trim(rest);
        if (text_equal(word, "--")) {
            words.options = rest;
            break;
        }
        if (starts(word, "-cfg="))
            words.file = (struct span){ word.at + 5, word.length - 5 };
        else if (text_equal(word, "-basevideo"))
            words.base_video = true;
        else if (word.at[0] == '-')
            words.unknown = word;
        else if (!(first && is_image_name(word)))
            words.section = word;
        first = false;
    }
    return words;
}
