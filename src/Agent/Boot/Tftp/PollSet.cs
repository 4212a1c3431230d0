using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>
/// Sockets that a thread waits for together (poll(2)). <see cref="Socket.Select(System.Collections.IList?, System.Collections.IList?,
/// System.Collections.IList?, TimeSpan)"/> sorts its lists anew each time, which was a sixth of a lone transfer's time.
/// </summary>
/// <param name="first">May be disposed of by another thread, which ends the wait; the others only between two waits.</param>
internal sealed class PollSet(Socket first)
{
    private const short Readable = 1; // POLLIN
    private const int Interrupted = 4; // EINTR

    private readonly List<Socket> sockets = [first];
    private PollEntry[] entries = [PollEntry.Of(first)]; // As many as sockets or more, in the same order.

    public void Add(Socket socket)
    {
        if (sockets.Count == entries.Length)
            Array.Resize(ref entries, 2 * entries.Length);
        entries[sockets.Count] = PollEntry.Of(socket);
        sockets.Add(socket);
    }

    /// <summary>Must come before the socket is disposed of: its number may be another one's at once.</summary>
    public void Remove(Socket socket)
    {
        var place = sockets.IndexOf(socket);
        if (place < 0)
            return;
        sockets[place] = sockets[^1];
        entries[place] = entries[sockets.Count - 1];
        sockets.RemoveAt(sockets.Count - 1);
    }

    /// <summary>Waits until a datagram is there, or for so long, in whole milliseconds.</summary>
    /// <param name="ready">Takes the sockets that have one.</param>
    /// <exception cref="ObjectDisposedException">The first socket is gone.</exception>
    public void Wait(TimeSpan limit, List<Socket> ready)
    {
        var handle = first.SafeHandle;
        var isHeld = false;
        try
        {
            handle.DangerousAddRef(ref isHeld); // Until it is given back, disposing of it ends the wait and closes nothing.
            var count = Poll(ref entries[0], (nuint)sockets.Count, (int)Math.Ceiling(limit.TotalMilliseconds));
            if (count < 0 && Marshal.GetLastPInvokeError() is not Interrupted and var error)
                throw new Win32Exception(error);
            for (var i = 0; count > 0; i++)
            {
                if (entries[i].Happened == 0)
                    continue;
                ready.Add(sockets[i]);
                count--;
            }
        }
        finally
        {
            if (isHeld)
                handle.DangerousRelease();
        }
    }

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static extern int Poll(ref PollEntry first, nuint count, int milliseconds);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Socket;
        public short Wanted;
        public short Happened;

        public static PollEntry Of(Socket socket) => new() { Socket = (int)socket.SafeHandle.DangerousGetHandle(), Wanted = Readable };
    }
}
