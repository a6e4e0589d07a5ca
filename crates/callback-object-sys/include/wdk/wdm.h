/* For sources that include the documented platform's header by its name: what callback_object.h declares. */
#ifndef CALLBACK_OBJECT_WDM_H
#define CALLBACK_OBJECT_WDM_H

#include <callback_object.h>

/* Annotations of older sources. */
#ifndef IN
#define IN
#define OUT
#define OPTIONAL
#endif

#endif
