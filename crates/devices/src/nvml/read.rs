//! What the library tells of one GPU.

use nvml_wrapper::{
    Device,
    enum_wrappers::device::{EccCounter, MemoryError, TemperatureSensor, TemperatureThreshold},
    enums::device::SampleValue,
    error::NvmlError,
    structs::device::FieldId,
    sys_exports::field_id::{NVML_FI_DEV_REMAPPED_FAILURE, NVML_FI_DEV_REMAPPED_PENDING},
};

use crate::{Gpu, Version, Vitals};

/// What it is; without one of these it is of no use.
pub(super) fn gpu(device: &Device<'_>, index: u32, driver: &str, cuda: Version) -> Result<Gpu, NvmlError> {
    let capability = device.cuda_compute_capability()?;
    Ok(Gpu {
        uuid: device.uuid()?,
        name: device.name()?,
        index,
        pci_bus_id: device.pci_info()?.bus_id,
        vram_bytes: device.memory_info()?.total,
        compute_capability: Version {
            major: capability.major.max(0).cast_unsigned(),
            minor: capability.minor.max(0).cast_unsigned(),
        },
        driver: driver.to_owned(),
        cuda,
    })
}

/// How it does. What a model does not tell is left open; that it is gone is an error wherever it shows.
pub(super) fn vitals(device: &Device<'_>, xids: Vec<u64>) -> Result<Vitals, NvmlError> {
    let ecc = device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile);
    Ok(Vitals {
        vram_free_bytes: device.memory_info()?.free,
        temperature_celsius: told(device.temperature(TemperatureSensor::Gpu))?,
        slowdown_celsius: told(device.temperature_threshold(TemperatureThreshold::Slowdown))?,
        power_milliwatts: told(device.power_usage())?,
        utilisation_percent: told(device.utilization_rates())?.map(|rates| rates.gpu),
        ecc_uncorrected: told(ecc)?,
        repair_pending: repair_pending(device)?,
        mig: told(device.mig_mode())?.is_some_and(|mode| mode.current != 0),
        xids,
    })
}

fn told<T>(result: Result<T, NvmlError>) -> Result<Option<T>, NvmlError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error @ (NvmlError::GpuLost | NvmlError::ResetRequired)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Whether memory waits to be taken out of use: pages on older models, rows since compute capability 8.0.
fn repair_pending(device: &Device<'_>) -> Result<Option<bool>, NvmlError> {
    let pages = told(device.are_pages_pending_retired())?;
    let fields = [FieldId(NVML_FI_DEV_REMAPPED_PENDING), FieldId(NVML_FI_DEV_REMAPPED_FAILURE)];
    let rows = told(device.field_values_for(&fields))?.unwrap_or_default();
    let rows = rows.into_iter().filter_map(|sample| Some(is_set(&sample.ok()?.value.ok()?)));
    Ok(either(pages.into_iter().chain(rows)))
}

/// Whether any is true; `None` without any.
fn either(flags: impl Iterator<Item = bool>) -> Option<bool> {
    flags.reduce(|any, flag| any || flag)
}

fn is_set(value: &SampleValue) -> bool {
    match *value {
        SampleValue::F64(value) => value != 0.0,
        SampleValue::U32(value) => value != 0,
        SampleValue::U64(value) => value != 0,
        SampleValue::I64(value) => value != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_supported_is_left_open_and_what_is_lost_is_not() {
        assert!(matches!(told(Ok(7)), Ok(Some(7))));
        for open in [NvmlError::NotSupported, NvmlError::NoPermission, NvmlError::UnexpectedVariant(9)] {
            assert!(matches!(told::<u32>(Err(open)), Ok(None)));
        }
        assert!(matches!(told::<u32>(Err(NvmlError::GpuLost)), Err(NvmlError::GpuLost)));
        assert!(matches!(told::<u32>(Err(NvmlError::ResetRequired)), Err(NvmlError::ResetRequired)));
    }

    #[test]
    fn one_memory_that_waits_is_enough() {
        assert_eq!(either([].into_iter()), None);
        assert_eq!(either([false, false].into_iter()), Some(false));
        assert_eq!(either([false, true, false].into_iter()), Some(true));
        assert!(is_set(&SampleValue::U32(1)) && !is_set(&SampleValue::U64(0)));
    }
}
