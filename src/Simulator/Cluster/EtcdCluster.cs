namespace Cozy.Fleet.Simulator.Cluster;

/// <summary>One etcd member. Its data outlives a reboot of its machine.</summary>
internal sealed class EtcdMemberState(ulong id, string hostname)
{
    public ulong Id => id;

    public string Hostname => hostname;

    public bool IsLearner { get; set; } = true;

    public bool IsUp { get; set; }

    /// <summary>Bytes of the database file; what is used of it is half of what it begins with.</summary>
    public long DbSize { get; set; } = 1 << 20;

    public long DbSizeInUse { get; } = 1 << 19;

    /// <summary>The database reached its quota: no more writes until it is disarmed (talos.md 6.7).</summary>
    public bool IsOutOfSpace { get; set; }
}

/// <summary>etcd's membership, leader and quorum. Callers hold the cluster's lock.</summary>
internal sealed class EtcdCluster
{
    private ulong nextId = 0x1000;
    private ulong raftIndex = 10;

    public List<EtcdMemberState> Members { get; } = [];

    public ulong Leader { get; private set; }

    public ulong Term { get; private set; } = 1;

    /// <summary>Grows as etcd works; every look finds it further on.</summary>
    public ulong RaftIndex => ++raftIndex;

    public bool HasQuorum
    {
        get
        {
            var voters = Members.FindAll(m => !m.IsLearner);
            return voters.Count > 0 && voters.Count(m => m.IsUp) > voters.Count / 2;
        }
    }

    public EtcdMemberState? Find(string hostname) => Members.Find(m => m.Hostname == hostname);

    public void Add(string hostname, bool learner)
    {
        Members.Add(new(nextId += 0x11, hostname) { IsLearner = learner, IsUp = true });
        Elect();
    }

    /// <summary>A learner has caught up; it votes from now on.</summary>
    public void Promote(string hostname)
    {
        if (Find(hostname) is { } member)
            member.IsLearner = false;
        Elect();
    }

    /// <summary>A member's machine is up again.</summary>
    public void Return(string hostname)
    {
        if (Find(hostname) is { } member)
            member.IsUp = true;
        Elect();
    }

    /// <summary>A member's machine goes down; it stays a member.</summary>
    public void Leave(string hostname)
    {
        if (Find(hostname) is { } member)
            member.IsUp = false;
        Elect();
    }

    /// <summary>A member is taken out for good.</summary>
    public void Remove(string hostname)
    {
        Members.RemoveAll(m => m.Hostname == hostname);
        Elect();
    }

    /// <summary>The leader hands over to another voter; returns its hostname, or empty when this one does not lead; null when there is no other.</summary>
    public string? Forfeit(string hostname)
    {
        if (Find(hostname)?.Id != Leader)
            return "";
        if (Members.Find(m => m.IsUp && !m.IsLearner && m.Hostname != hostname) is not { } other)
            return null;
        (Leader, Term) = (other.Id, Term + 1);
        return other.Hostname;
    }

    // A member came or went: somebody must lead.
    private void Elect()
    {
        if (!HasQuorum)
        {
            Leader = 0;
            return;
        }
        if (Members.Exists(m => m.Id == Leader && m.IsUp && !m.IsLearner))
            return;
        Leader = Members.First(m => m.IsUp && !m.IsLearner).Id;
        Term++;
    }
}
