namespace Cozy.Fleet.Agent.Power;

/// <summary>How BMCs are spoken to. docs/agent.md explains the settings.</summary>
internal sealed record PowerOptions
{
    public static readonly TimeSpan DefaultStagger = TimeSpan.FromMilliseconds(500);
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromMinutes(2);

    /// <summary>The program that speaks IPMI.</summary>
    public string Ipmitool { get; init; } = "ipmitool";

    /// <summary>So many BMCs of the rack are spoken to at once; each alone to one at a time.</summary>
    public int AtOnce { get; init; } = 4;

    /// <summary>So many conversations with one BMC in a minute; more are refused, because many BMCs hang when they are
    /// asked often.</summary>
    public int PerMinute { get; init; } = 20;

    /// <summary>The time between two machines of the rack that are switched on: all at once trip a breaker.</summary>
    public TimeSpan Stagger { get; init; } = DefaultStagger;

    /// <summary>How long a system may take to go down by itself before it is switched off.</summary>
    public TimeSpan Grace { get; init; } = DefaultGrace;

    /// <summary>How long a BMC may take to show that the machine is on or off.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often it is asked meanwhile.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(2);
}
