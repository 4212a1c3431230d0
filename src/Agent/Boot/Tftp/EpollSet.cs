using System.Buffers.Binary;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>
/// Sockets that a thread waits for together (epoll(7), level-triggered). <see cref="Socket.Select(System.Collections.IList?,
/// System.Collections.IList?, System.Collections.IList?, TimeSpan)"/> sorts its lists anew each time, which was a sixth of a lone transfer's time;
/// and it looks, as poll(2) does, at all sockets for each datagram of one.
/// </summary>
internal sealed class EpollSet : IDisposable
{
    private const int CloseOnExec = 0x80000; // EPOLL_CLOEXEC
    private const int ControlAdd = 1; // EPOLL_CTL_ADD
    private const int ControlDelete = 2; // EPOLL_CTL_DEL
    private const int Readable = 1; // EPOLLIN
    private const int Interrupted = 4; // EINTR
    private const int MostAtOnce = 64; // Further ones are the next wait's.

    // struct epoll_event: the events, and a word of ours. x86-64 alone packs it.
    private static readonly int WordOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventLength = WordOffset + 8;

    private readonly SafeFileHandle epoll;
    private readonly Dictionary<int, Watched> sockets = []; // By the word of their events: the socket's number.
    private readonly List<Watched> ready = [];
    private readonly byte[] events = new byte[MostAtOnce * EventLength];

    public EpollSet()
    {
        epoll = new(Create(CloseOnExec), ownsHandle: true);
        if (epoll.IsInvalid)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>A socket, and what is to be done when it has a datagram.</summary>
    internal sealed class Watched(Action receive)
    {
        public Action Receive => receive;

        /// <summary>It is in the set no more, and perhaps disposed of.</summary>
        public bool IsOver { get; set; }
    }

    public void Add(Socket socket, Action receive)
    {
        var number = DatagramCalls.NumberOf(socket);
        Span<byte> wanted = stackalloc byte[EventLength];
        BinaryPrimitives.WriteInt32LittleEndian(wanted, Readable);
        BinaryPrimitives.WriteInt32LittleEndian(wanted[WordOffset..], number);
        if (Control(epoll, ControlAdd, socket.SafeHandle, ref wanted[0]) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        sockets[number] = new(receive);
    }

    /// <summary>Must come before the socket is disposed of: its number may be another one's at once.</summary>
    public void Remove(Socket socket)
    {
        if (!sockets.Remove(DatagramCalls.NumberOf(socket), out var watched))
            return;
        watched.IsOver = true;
        Span<byte> nothing = stackalloc byte[EventLength];
        _ = Control(epoll, ControlDelete, socket.SafeHandle, ref nothing[0]); // Closing it would do as well.
    }

    /// <summary>Waits until a datagram is there, or for so long, in whole milliseconds.</summary>
    /// <returns>The sockets that have one; until the next wait.</returns>
    public List<Watched> Wait(TimeSpan limit)
    {
        ready.Clear();
        var count = Wait(epoll, ref events[0], MostAtOnce, (int)Math.Ceiling(limit.TotalMilliseconds));
        if (count < 0 && Marshal.GetLastPInvokeError() is not Interrupted and var error)
            throw new Win32Exception(error);
        for (var i = 0; i < count; i++)
            ready.Add(sockets[BinaryPrimitives.ReadInt32LittleEndian(events.AsSpan((i * EventLength) + WordOffset))]);
        return ready;
    }

    public void Dispose() => epoll.Dispose();

    [DllImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static extern int Create(int flags);

    [DllImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static extern int Control(SafeHandle epoll, int operation, SafeHandle socket, ref byte change);

    [DllImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static extern int Wait(SafeHandle epoll, ref byte events, int most, int milliseconds);
}
