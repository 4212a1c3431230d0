using System.Net;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>How many transfers may run at once, in all and for one address, whichever thread of the server runs them.</summary>
internal sealed class TransferLimits(int all, int perClient)
{
    private readonly Lock gate = new(); // Several threads begin and end transfers.
    private readonly Dictionary<IPAddress, int> byClient = [];
    private int running;

    public int Running
    {
        get
        {
            lock (gate)
                return running;
        }
    }

    /// <summary>Takes a place, which is to be returned. False: there is none for this client.</summary>
    public bool TryTake(IPAddress client)
    {
        lock (gate)
        {
            var own = byClient.GetValueOrDefault(client);
            if (running >= all || own >= perClient)
                return false;
            running++;
            byClient[client] = own + 1;
            return true;
        }
    }

    public void Return(IPAddress client)
    {
        lock (gate)
        {
            running--;
            if (--byClient[client] == 0)
                byClient.Remove(client);
        }
    }
}
