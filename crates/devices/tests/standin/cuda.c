/* Stand-in for libcuda.so.1. See README.md. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OK = 0, INVALID = 1, NOT_FOUND = 500, BLOCKS = 16, THREADS = 256, FACTOR = 0x9e3779b1 };

static void *current;

int cuInit(unsigned flags) { return OK; }
int cuGetErrorString(int error, const char **text) {
    *text = "an error of the stand-in";
    return OK;
}
int cuDeviceGetCount(int *count) {
    *count = 1;
    return OK;
}
int cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return OK;
}
int cuDeviceGetUuid(char *uuid, int device) {
    memset(uuid, 0xaa, 16);
    return OK;
}
/* Four multiprocessors of compute capability 8.9, memory pools. */
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 16 ? BLOCKS / 4 : attribute == 75 ? 8 : attribute == 76 ? 9 : attribute == 115;
    return OK;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
    *context = &current;
    return OK;
}
int cuDevicePrimaryCtxRelease_v2(int device) { return OK; }
int cuCtxSetCurrent(void *context) {
    current = context;
    return OK;
}
int cuCtxGetCurrent(void **context) {
    *context = current;
    return OK;
}
int cuEventCreate(void **event, unsigned flags) {
    *event = malloc(1);
    return OK;
}
int cuEventDestroy_v2(void *event) {
    free(event);
    return OK;
}
int cuMemGetInfo_v2(size_t *available, size_t *total) {
    *available = 256 << 20, *total = 1 << 30;
    return OK;
}
int cuMemAlloc_v2(uint64_t *at, size_t size) {
    *at = (uint64_t)malloc(size);
    return OK;
}
int cuMemAllocAsync(uint64_t *at, size_t size, void *stream) { return cuMemAlloc_v2(at, size); }
int cuMemFree_v2(uint64_t at) {
    free((void *)at);
    return OK;
}
int cuMemFreeAsync(uint64_t at, void *stream) { return cuMemFree_v2(at); }
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t size, void *stream) {
    memcpy(to, (void *)from, size);
    return OK;
}
int cuMemcpyHtoDAsync_v2(uint64_t to, void *from, size_t size, void *stream) {
    memcpy((void *)to, from, size);
    return OK;
}
int cuMemsetD8Async(uint64_t at, unsigned char value, size_t size, void *stream) {
    memset((void *)at, value, size);
    return OK;
}
int cuModuleLoadData(void **module, const char *ptx) {
    *module = strdup(ptx);
    return OK;
}
int cuModuleUnload(void *module) {
    free(module);
    return OK;
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
    char entry[64];
    snprintf(entry, sizeof entry, ".entry %s(", name);
    *function = strdup(name);
    return strstr(module, entry) ? OK : NOT_FOUND;
}
int cuStreamSynchronize(void *stream) { return OK; }

static float wide(uint32_t pair, int half) {
    uint32_t bits = (pair >> 16 * half) << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* How many chains of a block end as expected. */
static uint64_t chains(const float *seeds, const float *expected, float k) {
    uint64_t right = 0;
    for (int chain = 0; chain < 8 * THREADS; chain++) {
        float x = seeds[chain];
        for (int step = 0; step < 2048; step++) x = fmaf(x, fmaf(x, 4, -12), k);
        right += x == expected[chain];
    }
    return right;
}

/* How many entries of a block's products are as expected. */
static uint64_t products(const uint32_t *a, const uint32_t *b, const float *expected) {
    uint64_t right = 0;
    for (int row = 0; row < 8 * 16; row++)
        for (int column = 0; column < 32; column++) {
            float sum = 0;
            for (int k = 0; k < 16; k++)
                sum += wide(a[row * 8 + k / 2], k % 2) * wide(b[column * 8 + k / 2], k % 2);
            right += sum * 1024 == expected[row * 32 + column];
        }
    return right;
}

#define ARGUMENT(type, at) (*(type *)arguments[at])

int cuLaunchKernel(const char *name, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned threads_y,
                   unsigned threads_z, unsigned shared, void *stream, void **arguments, void **extra) {
    const char *wrong = getenv("GRID_STANDIN_WRONG");
    int is_wrong = wrong && !strcmp(wrong, name);
    if (x != BLOCKS || threads != THREADS || y * z * threads_y * threads_z != 1 || shared) return INVALID;
    if (!strcmp(name, "fill")) {
        uint32_t *buffer = ARGUMENT(uint32_t *, 0);
        uint64_t words = 4 * ARGUMENT(uint64_t, 1);
        for (uint64_t at = 0; at < words; at++) buffer[at] = (uint32_t)at * FACTOR;
    } else if (!strcmp(name, "copy")) {
        uint32_t *from = ARGUMENT(uint32_t *, 0), *to = ARGUMENT(uint32_t *, 1);
        uint64_t vectors = ARGUMENT(uint64_t, 2);
        if (vectors % (4 * BLOCKS * THREADS)) return INVALID;
        for (uint64_t at = 0; at < 4 * vectors; at++) to[at] = from[at] + 1;
        if (is_wrong) to[vectors] = 0;
    } else if (!strcmp(name, "check")) {
        uint32_t *buffer = ARGUMENT(uint32_t *, 0), copies = ARGUMENT(uint32_t, 2);
        uint64_t words = 4 * ARGUMENT(uint64_t, 1), *right = ARGUMENT(uint64_t *, 3);
        for (uint64_t at = 0; at < words; at++) *right += buffer[at] == (uint32_t)at * FACTOR + copies;
    } else {
        uint32_t repeats = ARGUMENT(uint32_t, 3);
        uint64_t *right = ARGUMENT(uint64_t *, 4), each;
        if (!strcmp(name, "chains"))
            each = chains(ARGUMENT(float *, 0), ARGUMENT(float *, 1), ARGUMENT(float, 2));
        else
            each = products(ARGUMENT(uint32_t *, 0), ARGUMENT(uint32_t *, 1), ARGUMENT(float *, 2));
        *right += each * BLOCKS * repeats - is_wrong;
        usleep(1000 * repeats);
    }
    return OK;
}
