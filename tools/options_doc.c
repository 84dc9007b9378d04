/* SPDX-License-Identifier: Apache-2.0 */
/* Prints docs/options.md from the option table. */
#include "boot/options.h"

#include <stdio.h>

int main(void)
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
    return 0;
}
