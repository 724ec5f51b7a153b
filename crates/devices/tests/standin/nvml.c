/* Stand-in for libnvidia-ml.so.1. See README.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, NOT_SUPPORTED = 3, DRIVER_NOT_LOADED = 9, TIMEOUT = 10, LOST = 15, UNKNOWN = 999, MAX = 8 };

struct gpu {
    char uuid[64], state[16];
    unsigned celsius, xid;
};

/* As counted at the last nvmlInit_v2. */
static struct gpu counted[MAX];
static unsigned count;
/* The Xid that each has reported. */
static unsigned reported[MAX];

/* What the file says now; -1 without a file. */
static int look(struct gpu *found) {
    FILE *file = fopen(getenv("GRID_STANDIN_GPUS"), "r");
    int number = 0;
    if (!file) return -1;
    while (number < MAX && fscanf(file, "%63s %15s %u %u", found[number].uuid, found[number].state,
                                  &found[number].celsius, &found[number].xid) == 4)
        number++;
    fclose(file);
    return number;
}

/* How the GPU of a handle does: an index plus one. */
static int state(void *device, struct gpu *found) {
    struct gpu now[MAX];
    int number = look(now);
    for (int at = 0; at < number; at++) {
        if (strcmp(now[at].uuid, counted[(size_t)device - 1].uuid)) continue;
        *found = now[at];
        return !strcmp(found->state, "lost") ? LOST : !strcmp(found->state, "broken") ? UNKNOWN : OK;
    }
    return LOST;
}

#define OF(device)                     \
    struct gpu gpu;                    \
    int error = state(device, &gpu);   \
    if (error) return error

int nvmlInit_v2(void) {
    int number = look(counted);
    if (number < 0) return DRIVER_NOT_LOADED;
    count = number;
    memset(reported, 0, sizeof reported);
    return OK;
}
int nvmlShutdown(void) { return OK; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) {
    snprintf(text, length, "570.86.15");
    return OK;
}
int nvmlSystemGetCudaDriverVersion_v2(int *version) {
    *version = 12080;
    return OK;
}
int nvmlDeviceGetCount_v2(unsigned *number) {
    struct gpu now[MAX];
    *number = count;
    return look(now) < 0 ? UNKNOWN : OK;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = (void *)(size_t)(index + 1);
    OF(*device);
    return OK;
}
int nvmlDeviceGetUUID(void *device, char *text, unsigned length) {
    OF(device);
    snprintf(text, length, "%s", gpu.uuid);
    return OK;
}
int nvmlDeviceGetName(void *device, char *text, unsigned length) {
    OF(device);
    snprintf(text, length, "NVIDIA GeForce RTX 4090");
    return OK;
}
int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
    OF(device);
    *major = 8, *minor = 9;
    return OK;
}
struct pci {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char bus_id[32];
};
int nvmlDeviceGetPciInfo_v3(void *device, struct pci *pci) {
    OF(device);
    memset(pci, 0, sizeof *pci);
    snprintf(pci->bus_id, sizeof pci->bus_id, "00000000:%02zX:00.0", (size_t)device);
    return OK;
}
struct memory {
    unsigned version;
    unsigned long long total, reserved, free, used;
};
int nvmlDeviceGetMemoryInfo_v2(void *device, struct memory *memory) {
    OF(device);
    memory->total = 24ull << 30, memory->free = 23ull << 30;
    return OK;
}
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius) {
    OF(device);
    *celsius = gpu.celsius;
    return OK;
}
int nvmlDeviceGetTemperatureThreshold(void *device, int which, unsigned *celsius) {
    OF(device);
    *celsius = which == 1 ? 95 : 100;
    return OK;
}
int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts) {
    OF(device);
    *milliwatts = 18450;
    return OK;
}
int nvmlDeviceGetUtilizationRates(void *device, unsigned rates[2]) {
    OF(device);
    rates[0] = 7, rates[1] = 1;
    return OK;
}
/* What a GeForce does not tell. */
int nvmlDeviceGetTotalEccErrors(void *device, int error_type, int counter, unsigned long long *errors) {
    OF(device);
    return NOT_SUPPORTED;
}
int nvmlDeviceGetMigMode(void *device, unsigned *current, unsigned *pending) {
    OF(device);
    return NOT_SUPPORTED;
}
int nvmlDeviceGetRetiredPagesPendingStatus(void *device, int *pending) {
    OF(device);
    return NOT_SUPPORTED;
}
/* An event set holds the handle of its only GPU. */
int nvmlEventSetCreate(void **set) {
    *set = calloc(1, sizeof(void *));
    return OK;
}
int nvmlEventSetFree(void *set) {
    free(set);
    return OK;
}
int nvmlDeviceRegisterEvents(void *device, unsigned long long types, void **set) {
    OF(device);
    *set = device;
    return OK;
}
struct event {
    void *device;
    unsigned long long type, data;
    unsigned instance, compute_instance;
};
int nvmlEventSetWait_v2(void **set, struct event *event, unsigned milliseconds) {
    OF(*set);
    unsigned *last = &reported[(size_t)*set - 1];
    if (gpu.xid == *last) return TIMEOUT;
    *last = gpu.xid;
    event->device = *set, event->type = 8, event->data = gpu.xid;
    return OK;
}
