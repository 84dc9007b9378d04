/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the door's table does not say of its rows: how an argument struct is made up.  A string of
 * letters, one each member, which are padded as C pads them; value_make knows what each stands for:
 *   1 byte  b small            2 bytes D domain  w small  o offset in a page
 *   4 bytes i small  n any  V vCPU  P port  Q pirq  R grant reference  H handle  G GNTMAP_*  M mmuext
 *           command  O offset in a page  c count of the list  z zero  k one  h bytes of a buffer
 *   8 bytes I small  N any  F frame  A address  E page-table entry  T address of one  X frame or
 *           address  Y frame, address or count  q frame or reference  K where a grant is mapped
 *           m bytes of memory  S descriptor  t time  W IO-APIC  Z zero  x a vCPU's context  B base address (canonical or not)  L the list  C its count
 * Of a list: ! multicalls, ~ the records of the hardware domain, which may be spoilt.
 * For calls: # the sub-operation, @ the struct's address.
 */
#ifndef FUZZ_GRAMMAR_H
#define FUZZ_GRAMMAR_H

#include <stdint.h>

/* A hypercall's registers; list: of a call without rows. */
struct call_form {
    uint8_t nr;
    const char *args, *list;
};

/* A row's struct, and the elements of the list that it points to. */
struct row_form {
    uint8_t nr;
    uint32_t op;
    const char *layout, *list;
};

const struct call_form *grammar_call(unsigned int nr);
const struct row_form *grammar_row(unsigned int nr, uint32_t op);

/* How many calls, and rows with an argument that is read, the door's table has that nothing is said of here; each is
 * named on stderr. */
unsigned int grammar_missing(void);

#endif
