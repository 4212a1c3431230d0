using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>The last desired state, on disk before it is used: machines boot by it while the coordinator is away.</summary>
internal sealed class DesiredStateStore
{
    private readonly string path;
    private DesiredState? current;

    public DesiredStateStore(string directory)
    {
        path = Path.Combine(directory, "desired-state.pb");
        if (!File.Exists(path))
            return;
        try
        {
            current = DesiredState.Parser.ParseFrom(File.ReadAllBytes(path));
        }
        catch (InvalidProtocolBufferException damage)
        {
            // As before the first contact: machines boot their disks until the coordinator sends it again.
            Damage = damage;
        }
    }

    /// <summary>Why the stored state cannot be read; null when it can.</summary>
    public Exception? Damage { get; }

    /// <summary>Null before the coordinator said anything. Swapped whole; never changed in place.</summary>
    public DesiredState? Current => Volatile.Read(ref current);

    public event Action? Changed;

    public async Task ReplaceAsync(DesiredState state, CancellationToken cancellation)
    {
        await PrivateFile.WriteAsync(path, state.ToByteArray(), cancellation);
        Volatile.Write(ref current, state);
        Changed?.Invoke();
    }
}
