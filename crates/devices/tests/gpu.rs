//! The real library and the real driver, on a machine with an NVIDIA GPU:
//! `cargo test -p grid-devices --test gpu -- --ignored --test-threads 1`.

use std::time::Duration;

use grid_devices::{
    CancellationToken, Event, Gpu, NvmlProbe, Probe, Rules, Sighting, Vitals,
    cuda::{self, GpuBenchError},
    watch,
};

/// All GPUs that can be read.
async fn gpus() -> Vec<(Gpu, Vitals)> {
    let snapshot = NvmlProbe::start().unwrap().snapshot().await.unwrap();
    let gpus: Vec<_> = snapshot
        .sightings
        .into_iter()
        .map(|sighting| match sighting {
            Sighting::Read { gpu, vitals } => (gpu, vitals),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(!gpus.is_empty(), "the driver works and counts no GPU");
    gpus
}

#[tokio::test]
#[ignore = "needs an NVIDIA GPU"]
async fn nvml_tells_what_a_gpu_is_and_how_it_does() {
    for (gpu, vitals) in gpus().await {
        println!("{gpu:#?}\n{vitals:#?}");
        assert!(gpu.uuid.len() == 40 && gpu.uuid.starts_with("GPU-"), "{}", gpu.uuid);
        assert!(!gpu.model().is_empty() && gpu.vram_bytes > 1 << 30 && gpu.compute_capability.major >= 5);
        assert!(gpu.cuda.major >= 11 && gpu.driver.contains('.') && gpu.pci_bus_id.contains(':'));
        assert!(vitals.vram_free_bytes <= gpu.vram_bytes);
        assert!(vitals.temperature_celsius.is_none_or(|celsius| (1..120).contains(&celsius)));
    }
}

#[tokio::test]
#[ignore = "needs an NVIDIA GPU"]
async fn the_watcher_sees_every_gpu_appear() {
    let gpus = gpus().await;
    let stop = CancellationToken::new();
    let mut events =
        watch(NvmlProbe::start().unwrap(), Rules::default(), Duration::from_secs(1), stop.clone());
    for (expected, _) in gpus {
        let event = events.recv().await.unwrap();
        assert!(matches!(&event, Event::Appeared { gpu, .. } if *gpu == expected), "{event:?}");
    }
    stop.cancel();
}

#[tokio::test]
#[ignore = "needs an NVIDIA GPU"]
async fn every_gpu_is_measured_and_comes_out_right() {
    for (gpu, _) in gpus().await {
        let uuid = gpu.uuid.clone();
        let bench = move || cuda::bench(&uuid, Duration::from_secs(1), &CancellationToken::new());
        let figures = tokio::task::spawn_blocking(bench).await.unwrap().unwrap();
        println!("{}: {figures:?}", gpu.name);
        // Any GPU of compute capability 5.0 does more.
        assert!(figures.memory_megabytes_per_second > 5_000, "{figures:?}");
        assert!(figures.fp32_megaflops > 100_000, "{figures:?}");
        assert_eq!(figures.bf16_megaflops.is_some(), gpu.compute_capability.major >= 8);
        // Tensor cores are for what they do several times faster.
        assert!(figures.bf16_megaflops.is_none_or(|bf16| bf16 > figures.fp32_megaflops), "{figures:?}");
    }
}

#[tokio::test]
#[ignore = "needs an NVIDIA GPU"]
async fn a_benchmark_that_is_stopped_gives_no_figure() {
    let (gpu, _) = gpus().await.swap_remove(0);
    let cancel = CancellationToken::new();
    cancel.cancel();
    let bench = move || cuda::bench(&gpu.uuid, Duration::from_secs(60), &cancel);
    assert_eq!(tokio::task::spawn_blocking(bench).await.unwrap(), Err(GpuBenchError::Cancelled));
}
