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
        catch (InvalidProtocolBufferException)
        {
            // The coordinator sends it anew. Until then machines start from their disks; that beats an agent that does not start.
            File.Move(path, path + ".damaged", overwrite: true);
            WasDamaged = true;
        }
    }

    /// <summary>True when the stored state could not be read at start and was put aside.</summary>
    public bool WasDamaged { get; }

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
