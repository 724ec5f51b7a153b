//! CUDA's driver library: loaded, and one GPU of it opened.

use std::sync::Arc;

use cudarc::driver::{
    CudaContext,
    result::{self, device},
    sys,
};

use super::{During, GpuBenchError};

/// What the benchmark calls. The wrapper panics where one is missing, so they are looked for first.
const FUNCTIONS: [&str; 25] = [
    "cuCtxGetCurrent",
    "cuCtxSetCurrent",
    "cuDeviceGet",
    "cuDeviceGetAttribute",
    "cuDeviceGetCount",
    "cuDeviceGetUuid",
    "cuDevicePrimaryCtxRelease_v2",
    "cuDevicePrimaryCtxRetain",
    "cuEventCreate",
    "cuEventDestroy_v2",
    "cuGetErrorString",
    "cuInit",
    "cuLaunchKernel",
    "cuMemAllocAsync",
    "cuMemAlloc_v2",
    "cuMemFreeAsync",
    "cuMemFree_v2",
    "cuMemGetInfo_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemcpyHtoDAsync_v2",
    "cuMemsetD8Async",
    "cuModuleGetFunction",
    "cuModuleLoadData",
    "cuModuleUnload",
    "cuStreamSynchronize",
];

/// Loads the library, once for the process.
#[allow(unsafe_code)]
pub(super) fn load() -> Result<(), GpuBenchError> {
    // SAFETY: loading runs the library's own initialisers; it is the driver that the machine's owner installed.
    if !unsafe { sys::is_culib_present() } {
        let what = "libcuda.so.1 of the NVIDIA driver is not on this machine; install the driver, or start the container with the \
                    NVIDIA container runtime";
        return Err(GpuBenchError::NoCuda(what.to_owned()));
    }
    // SAFETY: as above; it was there a moment ago.
    let library = unsafe { sys::culib() };
    for name in FUNCTIONS {
        // SAFETY: the symbol is looked for and not called.
        if unsafe { library.get::<unsafe extern "C" fn()>(name.as_bytes()) }.is_err() {
            let what = format!("the NVIDIA driver's CUDA library has no {name}; install driver 510 or newer");
            return Err(GpuBenchError::NoCuda(what));
        }
    }
    Ok(())
}

/// Opens the GPU `uuid` on this thread.
pub(super) fn context_of(uuid: &str) -> Result<Arc<CudaContext>, GpuBenchError> {
    result::init().map_err(|error| {
        GpuBenchError::NoCuda(format!("CUDA does not start ({error}); look at `nvidia-smi` and `dmesg`"))
    })?;
    let step = "listing the GPUs";
    let mut shown = Vec::new();
    for ordinal in 0..device::get_count().during(step)? {
        let found = device::get(ordinal).and_then(device::get_uuid).during(step)?;
        let found = name(found.bytes.map(|byte| byte as u8));
        if found == uuid {
            return CudaContext::new(ordinal.max(0).cast_unsigned() as usize).during("opening the GPU");
        }
        shown.push(found);
    }
    let shown = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
    Err(GpuBenchError::NoSuchGpu { uuid: uuid.to_owned(), shown })
}

/// A UUID as NVML writes it.
fn name(uuid: [u8; 16]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let [a, b, c, d, e] = [&uuid[..4], &uuid[4..6], &uuid[6..8], &uuid[8..10], &uuid[10..]].map(hex);
    format!("GPU-{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_written_as_nvml_does() {
        let uuid = std::array::from_fn(|index| 0xf0 ^ index as u8);
        assert_eq!(name(uuid), "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
    }
}
