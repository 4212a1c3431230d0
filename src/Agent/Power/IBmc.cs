using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Power;

/// <summary>What a BMC can be told at once, without waiting for what comes of it.</summary>
internal enum PowerPush
{
    On,

    /// <summary>The system is asked to go down.</summary>
    SoftOff,
    HardOff,

    /// <summary>Off and on, by the BMC alone.</summary>
    Cycle,
}

/// <summary>One conversation with one BMC. Everything may throw a <see cref="BmcException"/>.</summary>
internal interface IBmc : IAsyncDisposable
{
    Task<PowerStatus> ReadAsync(CancellationToken cancellation);

    Task PushAsync(PowerPush push, CancellationToken cancellation);

    /// <summary>Of the next start alone, and read back: some BMCs take it and forget it.</summary>
    Task SetNextBootAsync(NextBoot next, bool uefi, CancellationToken cancellation);
}

/// <summary>Why a BMC did not do as it was told.</summary>
internal enum BmcFailure
{
    /// <summary>It was not reached: nothing was done.</summary>
    Unreachable,

    /// <summary>It said no: nothing was done.</summary>
    Refused,

    /// <summary>It does not know how.</summary>
    Unsupported,

    /// <summary>It was told, and did not answer.</summary>
    Unknown,

    /// <summary>We do not ask it so often.</summary>
    TooOften,
}

/// <summary>The message is a sentence for people, without credentials.</summary>
internal sealed class BmcException(BmcFailure failure, string message, Exception? cause = null) : Exception(message, cause)
{
    public BmcFailure Failure { get; } = failure;
}
