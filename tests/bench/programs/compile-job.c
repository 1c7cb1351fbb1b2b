// What the compile job compiles: the implementations that Debian's libstb-dev has in its headers, with those of the C
// library 32000 lines. No part of the workloads themselves.

#define STBI_NO_SIMD
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb/stb_image_resize.h>
#define STB_TRUETYPE_IMPLEMENTATION
#include <stb/stb_truetype.h>
#define STB_SPRINTF_IMPLEMENTATION
#include <stb/stb_sprintf.h>
