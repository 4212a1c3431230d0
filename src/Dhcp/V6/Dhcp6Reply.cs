using System.Buffers.Binary;
using System.Text;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>What becomes of one association.</summary>
/// <param name="Address">Null: refused, with the status.</param>
public sealed record Dhcp6Binding(uint Association, UInt128? Address, TimeSpan LeaseTime)
{
    public Dhcp6Status Status { get; init; }

    /// <summary>Addresses that the client must give up.</summary>
    public IReadOnlyList<UInt128> Withdrawn { get; init; } = [];

    public static Dhcp6Binding Refused(uint association, Dhcp6Status status) => new(association, null, TimeSpan.Zero) { Status = status };
}

/// <summary>An ADVERTISE or REPLY, before it is written.</summary>
public sealed record Dhcp6Reply(Dhcp6MessageType Type, byte[] ServerId)
{
    // What passes every IPv6 link whole, less the IP and UDP headers (RFC 8200 5): firmware puts no fragments together.
    private const int MaximumLength = 1280 - 48;

    // RFC 4704 4.1, the bit N: nobody here writes the name into a DNS.
    private const byte NoDnsUpdates = 4;

    // EDK2 takes an answer for an HTTP boot only when it calls itself so, under Intel's number (RFC 3995 has the registry).
    private const uint Intel = 343;

    public IReadOnlyList<Dhcp6Binding> Bindings { get; init; } = [];

    /// <summary>Of the whole message; null says nothing.</summary>
    public Dhcp6Status? Status { get; init; }

    public string? BootUrl { get; init; }

    /// <summary>Empty: the client is told none.</summary>
    public string HostName { get; init; } = "";

    /// <summary>What the operator chose for this client; it gets of them what it asked for.</summary>
    public OptionSet Options { get; init; } = OptionSet.Empty;

    public bool RapidCommit { get; init; }

    /// <summary>The datagram, inside the envelopes of the relays that the request came through.</summary>
    public byte[] Write(Dhcp6Request request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var message = new Dhcp6Writer();
        message.Number(((uint)Type << 24) | request.TransactionId, 4);
        if (request.ClientId.Length > 0)
            message.Option(Dhcp6Option.ClientId, w => w.Bytes(request.ClientId));
        message.Option(Dhcp6Option.ServerId, w => w.Bytes(ServerId));
        foreach (var binding in Bindings)
            message.Option(Dhcp6Option.NonTemporary, w => WriteBinding(w, binding));
        if (Status is { } status)
            message.Option(Dhcp6Option.Status, w => w.Number((uint)status, 2));
        if (RapidCommit)
            message.Option(Dhcp6Option.RapidCommit, _ => { });
        if (BootUrl is { } url)
            WriteBoot(message, request, url);
        if (HostName != "" && request.WantsName)
            message.Option(Dhcp6Option.FullName, w => w.Bytes([NoDnsUpdates, .. Dhcp6Format.HostName(HostName)]));
        var room = MaximumLength - request.Relays.Sum(relay => relay.Length);
        // One that does not fit is left out whole.
        foreach (var chosen in Options.Asked(request.OptionRequest)
            .Where(o => message.Length + Dhcp6Options.Header + o.Bytes.Length <= room))
            message.Option((Dhcp6Option)chosen.Code, w => w.Bytes(chosen.Bytes));
        return Wrap(message.ToArray(), request);
    }

    private static void WriteBinding(Dhcp6Writer w, Dhcp6Binding binding)
    {
        var seconds = (uint)binding.LeaseTime.TotalSeconds;
        w.Number(binding.Association, 4);
        w.Number(seconds / 2, 4); // T1 and T2 as RFC 8415 21.4 advises.
        w.Number(seconds / 10 * 8, 4);
        if (binding.Address is not { } address)
        {
            w.Option(Dhcp6Option.Status, s => s.Number((uint)binding.Status, 2));
            return;
        }
        WriteAddress(w, address, seconds);
        foreach (var withdrawn in binding.Withdrawn)
            WriteAddress(w, withdrawn, 0);
    }

    private static void WriteAddress(Dhcp6Writer w, UInt128 address, uint seconds) => w.Option(Dhcp6Option.Address, a =>
    {
        a.Address(address);
        a.Number(seconds, 4);
        a.Number(seconds, 4);
    });

    private static void WriteBoot(Dhcp6Writer message, Dhcp6Request request, string url)
    {
        message.Option(Dhcp6Option.BootFileUrl, w => w.Bytes(Encoding.ASCII.GetBytes(url)));
        if (request.BootClass != "HTTPClient")
            return;
        message.Option(Dhcp6Option.VendorClass, w =>
        {
            w.Number(Intel, 4);
            w.Number((uint)request.BootClass.Length, 2);
            w.Bytes(Encoding.ASCII.GetBytes(request.BootClass));
        });
    }

    // The innermost envelope is the last one (RFC 8415 19.3).
    private static byte[] Wrap(byte[] message, Dhcp6Request request)
    {
        foreach (var relay in request.Relays.Reverse())
        {
            var envelope = new Dhcp6Writer();
            envelope.Number((uint)Dhcp6MessageType.RelayReply, 1);
            envelope.Number(relay.Hops, 1);
            envelope.Address(relay.Link);
            envelope.Address(relay.Peer);
            if (relay.InterfaceId is { } id)
                envelope.Option(Dhcp6Option.InterfaceId, w => w.Bytes(id));
            var inner = message;
            envelope.Option(Dhcp6Option.RelayMessage, w => w.Bytes(inner));
            message = envelope.ToArray();
        }
        return message;
    }
}

/// <summary>Writes numbers in network order, and options inside options.</summary>
internal sealed class Dhcp6Writer
{
    private readonly List<byte> bytes = [];

    public int Length => bytes.Count;

    public byte[] ToArray() => [.. bytes];

    public void Bytes(ReadOnlySpan<byte> value) => bytes.AddRange(value);

    /// <param name="length">1 to 4 bytes.</param>
    public void Number(uint value, int length)
    {
        Span<byte> buffer = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(buffer, value);
        bytes.AddRange(buffer[(4 - length)..]);
    }

    public void Address(UInt128 value)
    {
        Span<byte> buffer = stackalloc byte[Ipv6.Bytes];
        BinaryPrimitives.WriteUInt128BigEndian(buffer, value);
        bytes.AddRange(buffer);
    }

    public void Option(Dhcp6Option code, Action<Dhcp6Writer> value)
    {
        var inner = new Dhcp6Writer();
        value(inner);
        var content = inner.ToArray();
        Number((uint)code, 2);
        Number((uint)content.Length, 2);
        Bytes(content);
    }
}
