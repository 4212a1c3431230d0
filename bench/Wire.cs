namespace Cozy.Fleet.Bench;

/// <summary>What is under way between the two ends. Senders use their buffers again, so a packet is copied, as a socket does.</summary>
internal sealed class Wire
{
    private readonly Queue<ReadOnlyMemory<byte>> forServer = new();

    public Queue<ReadOnlyMemory<byte>> ForClient { get; } = new();

    public void ToServer(ReadOnlyMemory<byte> packet) => forServer.Enqueue(packet.ToArray());

    public void ToClient(ReadOnlyMemory<byte> packet) => ForClient.Enqueue(packet.ToArray());

    /// <summary>The client's next packet. There always is one: it acknowledges each window, and nothing is lost here.</summary>
    public ReadOnlyMemory<byte> TakeForServer() => forServer.Dequeue();
}
