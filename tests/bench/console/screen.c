// A guest for measuring the console: in text mode it answers every key with another character; after the key F it fills
// a screen of 1024x768 in 32 bits with one colour after the other, without end. Without an operating system.
// References: IBM PS/2 keyboard controller (60h, 64h); Bochs VBE extensions (ports 1CEh, 1CFh); PCI 3.0, 3.2.2.3.

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

static inline void out16(u16 port, u16 value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static inline void out32(u16 port, u32 value) { __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }
static inline u8 in8(u16 port) { u8 value; __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port)); return value; }
static inline u32 in32(u16 port) { u32 value; __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port)); return value; }

#define KEY_F 0x21

static u32 pci(u32 device, u32 offset) {
  out32(0xcf8, 0x80000000u | device << 11 | offset);
  return in32(0xcfc);
}

// The first memory range of the display adapter.
static volatile u32 *frame_buffer(void) {
  for (u32 device = 0; device < 32; device++)
    if (pci(device, 8) >> 24 == 3) return (volatile u32 *)(pci(device, 0x10) & ~15u);
  return 0;
}

static void set_mode(u16 width, u16 height) {
  static const u16 INDEX[] = {4, 1, 2, 3, 4};
  const u16 values[] = {0, width, height, 32, 0x41};
  for (int i = 0; i < 5; i++) {
    out16(0x1ce, INDEX[i]);
    out16(0x1cf, values[i]);
  }
}

static void fill(void) {
  volatile u32 *pixels = frame_buffer();
  set_mode(1024, 768);
  for (u32 frame = 0;; frame++) {
    u32 colour = frame * 0x00050301u & 0xffffff;
    u32 *to = (u32 *)pixels;
    u32 count = 1024 * 768;
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(colour) : "memory");
  }
}

void bare_main(void) {
  volatile u16 *text = (volatile u16 *)0xb8000;
  for (u32 i = 0; i < 80 * 25; i++) text[i] = 0x0720;
  u8 shown = 0;
  for (;;) {
    if (!(in8(0x64) & 1)) continue;
    u8 code = in8(0x60);
    if (code & 0x80) continue;
    if (code == KEY_F) fill();
    for (u32 i = 0; i < 40; i++) text[i] = 0x1f00 | ('A' + shown);
    shown = (shown + 1) % 26;
  }
}
