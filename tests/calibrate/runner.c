/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A runner program for engine native: what it is linked with decides how often its bodies are executed. */
#include "minivmm/engine.h"

int main(void)
{
	native_runner_main();
}
