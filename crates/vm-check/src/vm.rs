//! The Solana VM, reduced to a program, its input and the four memory syscalls.

use std::{cmp::Ordering, error::Error, ptr::NonNull, sync::Arc};

use anyhow::{Result, anyhow};
use solana_sbpf::{
    aligned_memory::AlignedMemory,
    ebpf::{HOST_ALIGN, MM_HEAP_START, MM_INPUT_START, MM_STACK_START},
    elf::Executable,
    error::{EbpfError, ProgramResult},
    memory_region::{MemoryMapping, MemoryRegion},
    program::{BuiltinFunctionDefinition, BuiltinProgram},
    verifier::RequisiteVerifier,
    vm::{CallFrame, Config, ContextObject, EbpfVm, ExecutionMode},
};

const HEAP: usize = 32 * 1024;
const FUEL: u64 = 1_000_000_000;

/// A loaded program.
pub struct Vm {
    executable: Executable<Machine>,
}

impl Vm {
    /// Loads and verifies a program.
    pub fn load(program: &[u8]) -> Result<Self> {
        let mut loader = BuiltinProgram::new_loader(Config { reject_broken_elfs: true, ..Config::default() });
        MemoryCopy::register(&mut loader, "sol_memcpy_").map_err(|error| anyhow!("{error}"))?;
        MemoryMove::register(&mut loader, "sol_memmove_").map_err(|error| anyhow!("{error}"))?;
        MemorySet::register(&mut loader, "sol_memset_").map_err(|error| anyhow!("{error}"))?;
        MemoryCompare::register(&mut loader, "sol_memcmp_").map_err(|error| anyhow!("{error}"))?;
        Panic::register(&mut loader, "sol_panic_").map_err(|error| anyhow!("{error}"))?;
        let executable = Executable::from_elf(program, Arc::new(loader))
            .map_err(|error| anyhow!("the VM does not load the program: {error}"))?;
        executable
            .verify::<RequisiteVerifier>()
            .map_err(|error| anyhow!("the VM's verifier refuses the program: {error}"))?;
        Ok(Self { executable })
    }

    /// Runs the program on the input, which it may change.
    pub fn run(&self, input: &mut [u8]) -> Result<()> {
        let config = self.executable.get_config();
        let version = self.executable.get_sbpf_version();
        let mut stack = AlignedMemory::<{ HOST_ALIGN }>::zero_filled(config.stack_size());
        let mut heap = AlignedMemory::<{ HOST_ALIGN }>::zero_filled(HEAP);
        let gap = if version.stack_frame_gaps() && config.enable_stack_frame_gaps {
            config.stack_frame_size as u64
        } else {
            0
        };
        let regions = vec![
            self.executable.get_ro_region(),
            MemoryRegion::new_gapped(&raw mut *stack.as_slice_mut(), MM_STACK_START, gap),
            MemoryRegion::new(&raw mut *heap.as_slice_mut(), MM_HEAP_START),
            MemoryRegion::new(&raw mut *input, MM_INPUT_START),
        ];
        // SAFETY: stack, heap, input and executable outlive the mapping, which ends with this function, and
        // all of them are plain bytes.
        #[allow(unsafe_code)]
        let mapping = unsafe { MemoryMapping::new(regions, config, version) };
        let mapping = mapping.map_err(|error| anyhow!("{error}"))?;
        let mut machine = Machine { fuel: FUEL, mapping };
        let mut frames = vec![CallFrame::default(); config.max_call_depth];
        let loader = Arc::clone(self.executable.get_loader());
        let mut vm = EbpfVm::new(loader, version, &mut machine, config.stack_size());
        vm.registers[1] = MM_INPUT_START;
        let (_, result) = vm.execute_program(&self.executable, &mut ExecutionMode::Interpreted, &mut frames);
        match result {
            ProgramResult::Ok(0) => Ok(()),
            ProgramResult::Ok(code) => Err(anyhow!("the program returned {code}")),
            ProgramResult::Err(error) => Err(anyhow!("the program failed: {error}")),
        }
    }
}

/// What a running program can reach.
struct Machine {
    fuel: u64,
    mapping: MemoryMapping,
}

impl ContextObject for Machine {
    fn consume(&mut self, amount: u64) {
        self.fuel = self.fuel.saturating_sub(amount);
    }

    fn get_remaining(&self) -> u64 {
        self.fuel
    }

    fn active_mapping_ptr(&mut self) -> NonNull<MemoryMapping> {
        NonNull::from(&mut self.mapping)
    }
}

impl Machine {
    fn load(&mut self, address: u64, length: u64) -> Result<Vec<u8>, EbpfError> {
        let bytes = (address..address + length).map(|at| match self.mapping.load::<u8>(at) {
            ProgramResult::Ok(byte) => Ok(byte as u8),
            ProgramResult::Err(error) => Err(error),
        });
        bytes.collect()
    }

    fn store(&mut self, address: u64, bytes: &[u8]) -> Result<(), EbpfError> {
        for (at, byte) in (address..).zip(bytes) {
            if let ProgramResult::Err(error) = self.mapping.store(*byte, at) {
                return Err(error);
            }
        }
        Ok(())
    }
}

type Failure = Box<dyn Error>;

/// `sol_memcpy_(to, from, length)`; the real one refuses an overlap.
struct MemoryCopy;

impl BuiltinFunctionDefinition<Machine> for MemoryCopy {
    type Error = Failure;

    fn rust(vm: &mut Machine, to: u64, from: u64, length: u64, _d: u64, _e: u64) -> Result<u64, Failure> {
        if to < from + length && from < to + length {
            return Err("sol_memcpy_: the two places overlap".into());
        }
        let bytes = vm.load(from, length)?;
        vm.store(to, &bytes)?;
        Ok(0)
    }
}

/// `sol_memmove_(to, from, length)`
struct MemoryMove;

impl BuiltinFunctionDefinition<Machine> for MemoryMove {
    type Error = Failure;

    fn rust(vm: &mut Machine, to: u64, from: u64, length: u64, _d: u64, _e: u64) -> Result<u64, Failure> {
        let bytes = vm.load(from, length)?;
        vm.store(to, &bytes)?;
        Ok(0)
    }
}

/// `sol_memset_(to, byte, length)`
struct MemorySet;

impl BuiltinFunctionDefinition<Machine> for MemorySet {
    type Error = Failure;

    fn rust(vm: &mut Machine, to: u64, byte: u64, length: u64, _d: u64, _e: u64) -> Result<u64, Failure> {
        vm.store(to, &vec![byte as u8; length as usize])?;
        Ok(0)
    }
}

/// `sol_memcmp_(one, other, length, result)`: the difference of the first bytes that differ.
struct MemoryCompare;

impl BuiltinFunctionDefinition<Machine> for MemoryCompare {
    type Error = Failure;

    fn rust(vm: &mut Machine, one: u64, other: u64, length: u64, to: u64, _e: u64) -> Result<u64, Failure> {
        let (one, other) = (vm.load(one, length)?, vm.load(other, length)?);
        let differing = one.iter().zip(&other).find(|(a, b)| a.cmp(b) != Ordering::Equal);
        let difference = differing.map_or(0, |(a, b)| i32::from(*a) - i32::from(*b));
        vm.store(to, &difference.to_le_bytes())?;
        Ok(0)
    }
}

/// `sol_panic_(file, length, line, column)`
struct Panic;

impl BuiltinFunctionDefinition<Machine> for Panic {
    type Error = Failure;

    fn rust(
        vm: &mut Machine,
        file: u64,
        length: u64,
        line: u64,
        column: u64,
        _e: u64,
    ) -> Result<u64, Failure> {
        let file = vm.load(file, length)?;
        Err(format!("panic at {}:{line}:{column}", String::from_utf8_lossy(&file)).into())
    }
}
