//! Programs: where their binaries come from and which accounts they become.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use solana_account::Account;
use solana_address::Address;
use solana_sdk_ids::bpf_loader_upgradeable;
use surfpool_core::surfnet::svm::SurfnetSvm;

use crate::LocalnetError;

/// The environment variable that names the folder with the Grid programs' `.so` files.
pub const PROGRAM_FOLDER_VARIABLE: &str = "GRID_SBF_DIR";

/// The addresses of the programs that a localnet has beside those it is given.
pub mod ids {
    use solana_address::Address;

    /// SPL Token.
    pub const TOKEN: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
    /// SPL Token-2022.
    pub const TOKEN_2022: Address = Address::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
    /// SPL Associated Token Account.
    pub const ASSOCIATED_TOKEN: Address =
        Address::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
    /// SPL Memo.
    pub const MEMO: Address = Address::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
    /// Metaplex Token Metadata.
    pub const TOKEN_METADATA: Address = grid_token_metadata::ID;

    /// The programs that are part of every localnet.
    pub(crate) const BUILT_IN: [Address; 4] = [TOKEN, TOKEN_2022, ASSOCIATED_TOKEN, MEMO];
}

/// The folder with the Grid programs' `.so` files: `GRID_SBF_DIR` if it is set, else `target/deploy`, where
/// `cargo xtask build` and `anchor build` put them.
pub fn program_folder() -> PathBuf {
    env::var_os(PROGRAM_FOLDER_VARIABLE).map_or_else(|| Path::new("target").join("deploy"), PathBuf::from)
}

/// A program to load.
#[derive(Clone, PartialEq, Eq)]
pub struct ProgramBinary {
    /// Its address.
    pub id: Address,
    /// Its name, for messages.
    pub name: String,
    /// The content of its `.so` file.
    pub elf: Vec<u8>,
    /// Who may upgrade it; `None` makes it immutable.
    pub upgrade_authority: Option<Address>,
}

impl ProgramBinary {
    /// Reads a program from its `.so` file.
    pub fn from_file(
        name: impl Into<String>,
        id: Address,
        path: impl AsRef<Path>,
        upgrade_authority: Option<Address>,
    ) -> Result<Self, LocalnetError> {
        let (name, path) = (name.into(), path.as_ref());
        match fs::read(path) {
            Ok(elf) => Ok(Self { id, name, elf, upgrade_authority }),
            Err(source) => Err(LocalnetError::ProgramFile { name, path: path.to_owned(), source }),
        }
    }

    /// The Metaplex Token Metadata program, see [`grid_token_metadata::elf`].
    pub fn token_metadata() -> Result<Self, LocalnetError> {
        let elf = grid_token_metadata::elf()?.into_owned();
        let name = "token_metadata".to_owned();
        Ok(Self { id: ids::TOKEN_METADATA, name, elf, upgrade_authority: None })
    }

    /// The address of the account that holds the binary and the upgrade authority.
    pub fn program_data_address(&self) -> Address {
        Address::find_program_address(&[self.id.as_ref()], &bpf_loader_upgradeable::ID).0
    }

    /// Writes the program's two accounts, as the upgradeable loader lays them out. The binary comes first, because
    /// writing the program's own account makes the virtual machine load it.
    pub(crate) fn load(&self, svm: &mut SurfnetSvm) -> Result<(), LocalnetError> {
        let refused =
            |reason: String| LocalnetError::ProgramRejected { name: self.name.clone(), id: self.id, reason };
        if !self.elf.starts_with(b"\x7fELF") {
            return Err(refused("it is not an ELF file".to_owned()));
        }
        let data_address = self.program_data_address();
        let accounts = [
            (data_address, self.program_data(svm.get_latest_absolute_slot()), false),
            (self.id, program(data_address), true),
        ];
        for (address, data, executable) in accounts {
            let account = Account {
                lamports: svm.inner.minimum_balance_for_rent_exemption(data.len()),
                data,
                owner: bpf_loader_upgradeable::ID,
                executable,
                rent_epoch: u64::MAX,
            };
            svm.set_account(&address, account).map_err(|error| refused(error.to_string()))?;
        }
        Ok(())
    }

    /// `UpgradeableLoaderState::ProgramData`: tag 3, slot, optional authority, in 45 bytes whatever the option
    /// holds; the binary follows.
    fn program_data(&self, slot: u64) -> Vec<u8> {
        let mut data = Vec::with_capacity(PROGRAM_DATA_HEADER + self.elf.len());
        data.extend(3_u32.to_le_bytes());
        data.extend(slot.to_le_bytes());
        if let Some(authority) = self.upgrade_authority {
            data.push(1);
            data.extend(authority.as_ref());
        }
        data.resize(PROGRAM_DATA_HEADER, 0);
        data.extend(&self.elf);
        data
    }
}

/// The binary would fill the screen.
impl std::fmt::Debug for ProgramBinary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ProgramBinary")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("elf_bytes", &self.elf.len())
            .field("upgrade_authority", &self.upgrade_authority)
            .finish()
    }
}

const PROGRAM_DATA_HEADER: usize = 4 + 8 + 1 + 32;

/// `UpgradeableLoaderState::Program`: tag 2 and the address of the binary's account.
fn program(data_address: Address) -> Vec<u8> {
    [&2_u32.to_le_bytes(), data_address.as_ref()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named_and_the_build_command_told() {
        let path = Path::new("no/such/folder/grid_jobs.so");
        let missing = ProgramBinary::from_file("jobs", ids::MEMO, path, None).expect_err("it is not there");
        let message = missing.to_string();
        for part in ["jobs", "no/such/folder/grid_jobs.so", "cargo xtask build"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn the_header_is_as_long_without_an_authority() {
        for upgrade_authority in [None, Some(ids::MEMO)] {
            let name = "test".to_owned();
            let program = ProgramBinary { id: ids::TOKEN, name, elf: vec![7; 3], upgrade_authority };
            let data = program.program_data(0x0102);
            assert_eq!(data[..12], [3, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
            assert_eq!(data[12], u8::from(upgrade_authority.is_some()));
            assert_eq!(data[45..], [7; 3]);
        }
    }

    #[test]
    fn debugging_does_not_print_the_binary() {
        let program = ProgramBinary::token_metadata().expect("it is built in");
        assert!(format!("{program:?}").len() < 300);
    }
}
