/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before every source (Makefile): all that is declared is in this image, so that no
 * address is fetched from a table.  -fvisibility says this of definitions only.
 */
#ifndef HIDDEN_H
#define HIDDEN_H

#pragma GCC visibility push(hidden)

#endif
