using System.Numerics;

namespace Cozy.Fleet.Dhcp;

/// <summary>
/// The addresses of a subnet's ranges, numbered from 0, and which of them are free. Finding the next free one looks at one word of each
/// level, however full the pool is: a /16 has three levels.
/// </summary>
public sealed class AddressPool
{
    private const int WordBits = 64;

    // More are not looked at: two megabytes of bits, and no rack's link has so many machines.
    private const long MostAddresses = 1 << 24;

    private readonly (uint First, uint Last)[] ranges;

    // A bit of the lowest level is a free address, a bit of another one a word below that is not empty.
    private readonly ulong[][] levels;

    /// <summary>No address is free at first.</summary>
    public AddressPool(IReadOnlyList<(uint First, uint Last)> ranges)
    {
        this.ranges = [.. ranges];
        Size = (int)Math.Min(MostAddresses, ranges.Sum(r => (long)r.Last - r.First + 1));
        var found = new List<ulong[]>();
        for (var bits = Size; found.Count == 0 || bits > 1; bits = found[^1].Length)
            found.Add(new ulong[(bits + WordBits - 1) / WordBits]);
        levels = [.. found];
    }

    /// <summary>How many addresses the ranges have together.</summary>
    public int Size { get; }

    /// <exception cref="ArgumentOutOfRangeException">The index is not below the size.</exception>
    public uint this[int index]
    {
        get
        {
            long rest = index;
            foreach (var (first, last) in ranges)
            {
                var size = (long)last - first + 1;
                if (rest < size)
                    return (uint)(first + rest);
                rest -= size;
            }
            throw new ArgumentOutOfRangeException(nameof(index));
        }
    }

    /// <summary>Negative when the address is in no range.</summary>
    public int IndexOf(uint address)
    {
        long before = 0;
        foreach (var (first, last) in ranges)
        {
            if (address >= first && address <= last)
                return before + (address - first) < Size ? (int)(before + (address - first)) : -1;
            before += (long)last - first + 1;
        }
        return -1;
    }

    public void Free(int index)
    {
        foreach (var words in levels)
        {
            words[index / WordBits] |= 1ul << (index % WordBits);
            index /= WordBits;
        }
    }

    public void Take(int index)
    {
        foreach (var words in levels)
        {
            words[index / WordBits] &= ~(1ul << (index % WordBits));
            if (words[index / WordBits] != 0)
                return;
            index /= WordBits;
        }
    }

    /// <summary>The first free one at this index or behind it, then from the beginning; negative when none is free.</summary>
    public int NextFree(int start)
    {
        var found = Next(start);
        return found >= 0 ? found : Next(0);
    }

    private int Next(int index)
    {
        for (var level = 0; level < levels.Length && index / WordBits < levels[level].Length; level++)
        {
            var rest = levels[level][index / WordBits] & (ulong.MaxValue << (index % WordBits));
            if (rest == 0)
            {
                index = (index / WordBits) + 1;
                continue;
            }
            index = (index / WordBits * WordBits) + BitOperations.TrailingZeroCount(rest);
            while (level-- > 0)
                index = (index * WordBits) + BitOperations.TrailingZeroCount(levels[level][index]);
            return index;
        }
        return -1;
    }
}
