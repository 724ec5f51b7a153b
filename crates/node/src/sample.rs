//! A report in which nothing is wrong and no field is empty, for tests.

use grid_executor::{Digest, JobStatus};
use grid_node_api::report::{
    DeviceReport, DeviceState, DiskReport, EndpointReport, IntentReport, JobPhase, JobReport, NodeReport,
};
use solana_address::Address;

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn report() -> NodeReport {
    let address = |byte| Address::new_from_array([byte; 32]);
    NodeReport {
        node: address(1),
        version: "0.1.0".into(),
        started_at: NOW - 50_000,
        now: NOW,
        is_stopping: false,
        chain_read_at: Some(NOW - 1),
        fee_balance_lamports: Some(1_000_000_000),
        devices: vec![DeviceReport {
            device: address(2),
            market: address(3),
            mint: address(4),
            label: "gpu-0".into(),
            state: DeviceState::Running,
            failure: None,
            job: Some(address(5)),
            queue_position: Some(3),
            earnings_atoms: Some(70),
            temperature_celsius: Some(61),
            power_watts: Some(300),
            utilisation_percent: Some(98),
            memory_used_bytes: Some(10 << 30),
            memory_total_bytes: Some(24 << 30),
        }],
        jobs: vec![JobReport {
            job: address(5),
            project: address(6),
            device: address(2),
            definition: Digest::of(b"definition"),
            state: JobPhase::Running,
            since: NOW - 100,
            started_at: Some(NOW - 100),
            timeout_seconds: 3_600,
            heartbeat_at: Some(NOW - 20),
            log_bytes: Some(512),
            status: Some(JobStatus::Succeeded),
            result: Some(Digest::of(b"result")),
        }],
        intents: vec![IntentReport {
            subject: address(7),
            kind: "finish".into(),
            since: NOW - 30,
            signatures: 2,
            obstacle: None,
        }],
        endpoints: vec![EndpointReport {
            name: "https://rpc.example/?api-key=secret".into(),
            is_answering: true,
            lag_slots: Some(2),
            requests: 1_000,
            errors: 3,
        }],
        disks: vec![DiskReport { name: "store".into(), free_bytes: 100 << 30, total_bytes: 200 << 30 }],
        problems: vec![],
    }
}
