/* Functions we never call; forced into every file of ours by the build. */
#ifndef ENTENTE_BANNED_H
#define ENTENTE_BANNED_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gmtime localtime atoi atol atof gets
#endif
