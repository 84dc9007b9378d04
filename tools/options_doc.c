/* SPDX-License-Identifier: Apache-2.0 */
/* Prints docs/options.md from the option table; as `options_doc man`, the manual page zeroth(7). */
#include "boot/options.h"

#include <stdio.h>
#include <string.h>

static void print_markdown(void)
{
    printf("# The command line\n\n"
           "Words parted by spaces, `name=value` or `name`; the last of two wins. A word that is\n"
           "unknown or malformed is named in a warning and ignored. This page is generated from\n"
           "the table in `src/boot/options.c` by `make docs`.\n\n"
           "| option | values | default | what it does |\n|---|---|---|---|\n");
    for (unsigned int i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];

        printf("| `%s` | ", o->name);
        for (const char *c = o->values; *c; c++)
            printf("%s%c", *c == '|' ? "\\" : "", *c);
        printf(" | %s | %s |\n", o->fallback, o->help);
    }
}

/* Text as groff takes it: a minus is one that can be copied, no character is a request. */
static void roff(const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '-': fputs("\\-", stdout); break;
        case '\\': fputs("\\e", stdout); break;
        case '\'': fputs("\\(aq", stdout); break;
        case '.': fputs("\\&.", stdout); break;
        default: putchar(*text);
        }
}

static void print_option(const struct option *o)
{
    fputs(".TP\n\\fB", stdout);
    roff(o->name);
    fputs("\\fR", stdout);
    if (o->values[0]) {
        fputs("=\\fI", stdout);
        roff(o->values);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    roff(o->help);
    if (o->fallback[0]) {
        fputs("\n.br\nDefault: ", stdout);
        roff(o->fallback);
    }
    putchar('\n');
}

static void print_man(void)
{
    puts(
        ".\\\" SPDX-License-Identifier: Apache-2.0\n"
        ".\\\" Generated from the table in src/boot/options.c.\n"
        ".TH ZEROTH 7 \"\" \"Zeroth\" \"Zeroth hypervisor\"\n"
        ".SH NAME\nzeroth \\- the hypervisor and its command line\n"
        ".SH SYNOPSIS\n.B multiboot2 /boot/xen\\-4.17\\-zeroth.gz\n.RI [ option \" ...]\"\n"
        ".SH DESCRIPTION\n"
        "Zeroth is a type\\-1 hypervisor that speaks Xen\\(aqs ABI. The boot loader starts it with\n"
        "the kernel of Domain 0 as its first module and that kernel\\(aqs initial RAM disk as the\n"
        "second.\n.PP\n"
        "The command line is words parted by spaces,\n.IR name = value\nor\n.IR name ;\n"
        "the last of two wins. A word that is unknown or malformed is named in a warning\n"
        "(shown by \\fBxl dmesg\\fR) and ignored.\n.SH OPTIONS");
    for (unsigned int i = 0; i < option_count; i++)
        print_option(&option_table[i]);
    puts(".SH FILES\n.TP\n.I /boot/xen\\-4.17\\-zeroth.gz\nThe hypervisor.\n"
         ".TP\n.I /etc/default/grub.d/zeroth.cfg\n"
         "Its options in GRUB\\(aqs menu\n.RB ( GRUB_CMDLINE_XEN ),\n"
         "and whether it is the menu\\(aqs default.\n"
         ".B update\\-grub\nmakes the menu anew.\n"
         ".SH SEE ALSO\n.BR xl (1),\n.BR update\\-grub (8)");
}

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "man") == 0)
        print_man();
    else
        print_markdown();
    return 0;
}
