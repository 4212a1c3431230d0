using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>
/// Machines behind a relay that all want an address at once, and a book of every ACK that reached one: what an agent promised.
/// </summary>
internal sealed class DhcpLoad : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<DhcpServerMessage>> waiting = new();
    private readonly CancellationTokenSource ending = new();
    private readonly IPAddress relay;
    private readonly Task receiving;
    private int transaction;
    private int machines;
    private int acknowledgements;
    private (int Count, TaskCompletionSource Reached) goal = (int.MaxValue, new());

    public DhcpLoad(IPAddress relay)
    {
        this.relay = relay;
        socket.Bind(new IPEndPoint(relay, 0));
        receiving = ReceiveAsync();
    }

    /// <summary>Every address that was ever acknowledged, and whom to. Nothing here is released and nothing expires.</summary>
    public ConcurrentDictionary<IPAddress, MacAddress> Owners { get; } = new();

    /// <summary>Addresses that two machines were told to have.</summary>
    public ConcurrentQueue<string> GivenTwice { get; } = new();

    /// <summary>Ends when so many more ACKs arrived.</summary>
    public Task AcknowledgedAsync(int more)
    {
        goal = (Volatile.Read(ref acknowledgements) + more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        return goal.Reached.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    /// <summary>New machines, one after the other, and now and then one that comes back and asks for what it has.</summary>
    public async Task RunAsync(IPEndPoint server, Random random, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var known = random.Next(4) == 0 ? Owners.ToArray() : [];
            if (known.Length > 0)
            {
                var (address, mac) = known[random.Next(known.Length)];
                await ComeBackAsync(server, mac, address, cancellation);
                continue;
            }
            var machine = NewMac();
            if (await AskAsync(server, new(DhcpMessageType.Discover, machine, 0), cancellation) is { MessageType: DhcpMessageType.Offer } offer)
            {
                await AskAsync(server, new(DhcpMessageType.Request, machine, 0)
                {
                    RequestedAddress = Ipv4.ToNumber(offer.YourAddress), ServerIdentifier = offer.ServerIdentifier,
                }, cancellation);
            }
        }
    }

    /// <summary>INIT-REBOOT (RFC 2131 4.3.2): a server that is not authoritative acknowledges it only when it knows the lease.</summary>
    public async Task<bool> ComeBackAsync(IPEndPoint server, MacAddress mac, IPAddress address, CancellationToken cancellation) =>
        await AskAsync(server, new(DhcpMessageType.Request, mac, 0) { RequestedAddress = Ipv4.ToNumber(address) }, cancellation)
            is { MessageType: DhcpMessageType.Ack } ack && ack.YourAddress.Equals(address);

    public void Dispose()
    {
        ending.Cancel();
        socket.Dispose();
        ending.Dispose();
    }

    private MacAddress NewMac()
    {
        var number = Interlocked.Increment(ref machines);
        return MacAddress.FromBytes([0x02, 0, 0, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
    }

    // Null when no answer came: the agent was killed, or it is silent.
    private async Task<DhcpServerMessage?> AskAsync(IPEndPoint server, DhcpClientMessage message, CancellationToken cancellation)
    {
        var id = (uint)Interlocked.Increment(ref transaction);
        var answer = waiting[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var buffer = new byte[600];
        var length = (message with { TransactionId = id, Relay = relay }).Write(buffer);
        try
        {
            await socket.SendToAsync(buffer.AsMemory(0, length), server, cancellation);
            return await answer.Task.WaitAsync(Patience, cancellation);
        }
        catch (Exception none) when (none is TimeoutException or OperationCanceledException or SocketException)
        {
            return null;
        }
        finally
        {
            waiting.TryRemove(id, out _);
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[2000];
        while (!ending.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), ending.Token);
                if (DhcpServerMessage.Read(buffer.AsSpan(0, received.ReceivedBytes)) is { } answer)
                    Take(answer);
            }
            catch (SocketException)
            {
                // A killed agent's port answers by ICMP; the next datagram is another matter.
            }
            catch (Exception over) when (over is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Take(DhcpServerMessage answer)
    {
        if (answer.MessageType == DhcpMessageType.Ack)
        {
            var owner = Owners.GetOrAdd(answer.YourAddress, answer.Mac);
            if (owner != answer.Mac)
                GivenTwice.Enqueue($"{answer.YourAddress} belongs to {owner} and was given to {answer.Mac}");
            if (Interlocked.Increment(ref acknowledgements) >= goal.Count)
                goal.Reached.TrySetResult();
        }
        if (waiting.TryGetValue(answer.TransactionId, out var asked))
            asked.TrySetResult(answer);
    }
}
