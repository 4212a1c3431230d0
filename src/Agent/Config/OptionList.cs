using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Gathers the options that one map of the configuration gives.</summary>
internal sealed class OptionList(ConfigNode node, OptionDialect dialect)
{
    private readonly List<OptionValue> found = [];

    /// <param name="key">The key that it was read from.</param>
    /// <param name="bytes">None: the key is not there, or was refused.</param>
    public OptionList Add(string key, ushort code, byte[] bytes)
    {
        if (bytes.Length > dialect.MaximumLength)
            node.Refuse(key, $"it takes {bytes.Length} bytes; an option holds {dialect.MaximumLength}");
        else if (bytes.Length > 0)
            found.Add(new(code, bytes));
        return this;
    }

    /// <summary>With the options that are given by number.</summary>
    public OptionSet ToSet()
    {
        foreach (var numbered in node.Maps("options"))
        {
            if (NumberedOptionReader.Read(numbered, dialect) is not { } option)
                continue;
            if (found.Exists(o => o.Code == option.Code))
                numbered.Refuse("code", $"option {option.Code} is given twice");
            else
                found.Add(option);
        }
        return OptionSet.Of(found);
    }
}
