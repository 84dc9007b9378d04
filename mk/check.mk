# SPDX-License-Identifier: Apache-2.0
# Checks of the tree's form.

.PHONY: check
check: ## headers alone, include cycles, licence lines, cppcheck
	tools/check
