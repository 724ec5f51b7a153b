//! Every way an instruction of this program fails, one variant per cause. Append only: clients know the numbers.

use anchor_lang::prelude::*;

/// Errors of this program; the first is 6000.
#[error_code]
#[derive(Debug, PartialEq, Eq)]
pub enum NodesError {
    /// 6000
    #[msg("The GPU model is 1 to 48 printable ASCII characters, and empty for a node without GPUs")]
    GpuModelInvalid,
    /// 6001
    #[msg("A node has at most 64 GPUs")]
    GpuCountOutOfRange,
    /// 6002
    #[msg("The memory of a GPU is 1 MiB to 4 TiB, and zero for a node without GPUs")]
    VramOutOfRange,
    /// 6003
    #[msg("The compute capability is 1.0 to 99.9, and 0.0 for a node without GPUs")]
    ComputeCapabilityOutOfRange,
    /// 6004
    #[msg("The processor's model is 1 to 48 printable ASCII characters")]
    CpuModelInvalid,
    /// 6005
    #[msg("A node has 1 to 4,096 processor cores")]
    CpuCoresOutOfRange,
    /// 6006
    #[msg("A node has 1 MiB to 64 TiB of main memory")]
    RamOutOfRange,
    /// 6007
    #[msg("A node has 1 GiB to 1 PiB of disk")]
    DiskOutOfRange,
    /// 6008
    #[msg("The driver's version is not 0.0.0, except for a node without GPUs")]
    DriverVersionInvalid,
    /// 6009
    #[msg("The CUDA version is not 0.0, except for a node without GPUs")]
    CudaVersionInvalid,
    /// 6010
    #[msg("The country is no ISO 3166-1 numeric code")]
    CountryUnknown,
    /// 6011
    #[msg("The endpoint is empty, or http:// or https:// and a host, at most 128 printable ASCII characters without spaces")]
    EndpointInvalid,
    /// 6012
    #[msg("The software's version is not 0.0.0")]
    SoftwareVersionInvalid,
    /// 6013
    #[msg("The signer is not the node of this record")]
    NotNode,
    /// 6014
    #[msg("The hardware was told in this slot: try again in the next one")]
    HardwareTooNew,
    /// 6015
    #[msg("The signer is not the authority of this collection")]
    NotCollectionAuthority,
    /// 6016
    #[msg("The role was not offered to the signer")]
    NotOffered,
    /// 6017
    #[msg("The signer is not the attestor of this collection")]
    NotAttestor,
    /// 6018
    #[msg("The name is 1 to 32 bytes")]
    NameOutOfRange,
    /// 6019
    #[msg("The symbol is at most 10 bytes")]
    SymbolOutOfRange,
    /// 6020
    #[msg("The URI is at most 200 bytes")]
    UriOutOfRange,
    /// 6021
    #[msg("The account is not the metadata of this mint")]
    WrongMetadata,
    /// 6022
    #[msg("The signer is not the update authority of the collection's metadata")]
    NotUpdateAuthority,
    /// 6023
    #[msg("The account does not belong to this collection")]
    WrongCollection,
    /// 6024
    #[msg("The collection was not made by this program, which therefore can't issue its NFTs")]
    CollectionNotOurs,
    /// 6025
    #[msg("The account does not belong to this node")]
    WrongNode,
    /// 6026
    #[msg("The benchmark class is zero")]
    ZeroClass,
    /// 6027
    #[msg("The hash of the benchmark's result is zero")]
    ZeroResult,
    /// 6028
    #[msg("An attestation expires after now, and within 366 days")]
    ExpiryOutOfRange,
    /// 6029
    #[msg("The node's hardware is not the one that was measured")]
    HardwareChanged,
    /// 6030
    #[msg("The attestation has not expired")]
    NotExpired,
    /// 6031
    #[msg("The rent belongs to another account")]
    WrongRentPayer,
    /// 6032
    #[msg("The account belongs to another mint")]
    WrongMint,
}
