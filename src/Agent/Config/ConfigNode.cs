using System.Globalization;
using System.Net;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Agent.Config;

/// <summary>
/// A map of the configuration file that is read key by key. Everything that is wrong is collected with its place; a key that
/// nobody asked for is wrong, too.
/// </summary>
internal sealed class ConfigNode(YamlMappingNode? map, Mark start, string path, ConfigErrors errors)
{
    private readonly HashSet<string> known = [];

    public bool IsPresent => map is not null;

    public ConfigErrors Errors => errors;

    public string Text(string key, string fallback = "")
    {
        var value = Scalar(key);
        return value is null ? fallback : value.Value ?? "";
    }

    public string Required(string key)
    {
        var text = Text(key);
        if (text == "")
            errors.Add(start, $"{Path(key)} is missing");
        return text;
    }

    /// <summary>The name of a file in a directory that another key names.</summary>
    public string FileName(string key, string fallback)
    {
        if (Scalar(key) is not { } value)
            return fallback;
        if (value.Value is { Length: > 0 } name && name == System.IO.Path.GetFileName(name) && name is not ("." or ".."))
            return name;
        errors.Add(value.Start, $"{Path(key)}: '{value.Value}' is not the plain name of a file");
        return fallback;
    }

    public int Number(string key, int fallback, int minimum, int maximum)
    {
        if (Scalar(key) is not { } value)
            return fallback;
        if (int.TryParse(value.Value, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum)
            return number;
        errors.Add(value.Start, $"{Path(key)}: '{value.Value}' is not a number from {minimum} to {maximum}");
        return fallback;
    }

    public bool Flag(string key, bool fallback)
    {
        if (Scalar(key) is not { } value)
            return fallback;
        if (value.Value is "true" or "false")
            return value.Value == "true";
        errors.Add(value.Start, $"{Path(key)}: '{value.Value}' is neither true nor false");
        return fallback;
    }

    /// <summary>A duration such as 500ms, 30s, 5m or 12h.</summary>
    public TimeSpan Duration(string key, TimeSpan fallback)
    {
        if (Scalar(key) is not { } value)
            return fallback;
        if (Durations.TryParse(value.Value ?? "", out var duration) && duration > TimeSpan.Zero)
            return duration;
        errors.Add(value.Start, $"{Path(key)}: '{value.Value}' is not a duration such as 500ms, 30s, 5m or 12h");
        return fallback;
    }

    /// <summary>A size in bytes, such as 500MiB or 20GiB.</summary>
    public long Size(string key, long fallback)
    {
        if (Scalar(key) is not { } value)
            return fallback;
        if (ByteSizes.TryParse(value.Value ?? "", out var size))
            return size;
        errors.Add(value.Start, $"{Path(key)}: '{value.Value}' is not a size such as 500MiB or 20GiB");
        return fallback;
    }

    public T Choice<T>(string key, T fallback, params (string Word, T Value)[] choices)
    {
        if (Scalar(key) is not { } value)
            return fallback;
        foreach (var (word, choice) in choices)
        {
            if (value.Value == word)
                return choice;
        }
        errors.Add(value.Start, $"{Path(key)}: '{value.Value}' is not one of {string.Join(", ", choices.Select(c => c.Word))}");
        return fallback;
    }

    /// <summary>Bytes in hexadecimal; empty when the key is not there, or refused.</summary>
    /// <param name="parse">A refusal is the sentence's end.</param>
    public string Bytes(string key, Func<string, (string Hex, string? Refusal)> parse)
    {
        var text = Text(key);
        var (hex, refusal) = parse(text);
        if (refusal is not null)
            Refuse(key, $"'{text}' {refusal}");
        return hex;
    }

    public IPAddress? Address(string key)
    {
        if (Scalar(key) is not { } value)
            return null;
        if (IPAddress.TryParse(value.Value, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
            return address;
        errors.Add(value.Start, $"{Path(key)}: '{value.Value}' is not an IPv4 address");
        return null;
    }

    public Uri? Url(string key, params string[] schemes)
    {
        if (Scalar(key) is not { } value)
            return null;
        if (Uri.TryCreate(value.Value, UriKind.Absolute, out var url) && schemes.Contains(url.Scheme))
            return url;
        errors.Add(value.Start, $"{Path(key)}: '{value.Value}' is not a URL with {string.Join(" or ", schemes)}");
        return null;
    }

    /// <summary>A list of words, each parsed; a refusal is the sentence's end. One word alone is a list, too.</summary>
    public List<T> List<T>(string key, Func<string, (T Value, string? Refusal)> parse)
    {
        var found = new List<T>();
        foreach (var item in Items(key))
        {
            var (value, refusal) = item is YamlScalarNode scalar ? parse(scalar.Value ?? "") : (default!, "is not a plain value");
            if (refusal is null)
                found.Add(value);
            else
                errors.Add(item.Start, $"{Path(key)}: '{item}' {refusal}");
        }
        return found;
    }

    public ConfigNode Map(string key)
    {
        known.Add(key);
        var value = Child(key);
        if (value is null or YamlMappingNode)
            return new(value as YamlMappingNode, value?.Start ?? start, Path(key), errors);
        errors.Add(value.Start, $"{Path(key)} is not a map of keys");
        return new(null, value.Start, Path(key), errors);
    }

    public List<ConfigNode> Maps(string key)
    {
        var found = new List<ConfigNode>();
        foreach (var item in Items(key))
        {
            if (item is YamlMappingNode inner)
                found.Add(new(inner, inner.Start, $"{Path(key)}[{found.Count}]", errors));
            else
                errors.Add(item.Start, $"{Path(key)}: '{item}' is not a map of keys");
        }
        return found;
    }

    /// <summary>True when the key is there.</summary>
    public bool Has(string key) => Child(key) is not null;

    /// <summary>True when the key has anything in it, good or not.</summary>
    public bool HasItems(string key) => Child(key) is YamlSequenceNode { Children.Count: > 0 } or YamlScalarNode;

    /// <summary>Refuses the value of a key for a reason that needs more than one key to see.</summary>
    public void Refuse(string key, string sentence) => errors.Add(Child(key)?.Start ?? start, $"{Path(key)}: {sentence}");

    /// <summary>Call it last: keys that were not read are unknown.</summary>
    public void EndOfKeys()
    {
        foreach (var key in map?.Children.Keys.OfType<YamlScalarNode>() ?? [])
        {
            if (key.Value is { } name && !known.Contains(name))
                errors.Add(key.Start, $"unknown key {Path(name)}{Suggestion(name)}");
        }
    }

    private string Suggestion(string name)
    {
        var nearest = known.Select(k => (Key: k, Distance: Distance(k, name))).OrderBy(k => k.Distance).FirstOrDefault();
        return nearest.Key is not null && nearest.Distance <= 2 ? $"; did you mean {nearest.Key}?" : "";
    }

    // Levenshtein's distance, row by row.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var (diagonal, _) = (row[0], row[0] = i);
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(cost, Math.Min(row[j - 1], row[j]) + 1);
            }
        }
        return row[^1];
    }

    private string Path(string key) => path == "" ? key : $"{path}.{key}";

    private YamlNode? Child(string key) => map is not null && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    private YamlScalarNode? Scalar(string key)
    {
        known.Add(key);
        var value = Child(key);
        if (value is null or YamlScalarNode)
            return (YamlScalarNode?)value;
        errors.Add(value.Start, $"{Path(key)} is not a plain value");
        return null;
    }

    private IEnumerable<YamlNode> Items(string key)
    {
        known.Add(key);
        var value = Child(key);
        if (value is null or YamlSequenceNode)
            return (YamlSequenceNode?)value ?? Enumerable.Empty<YamlNode>();
        if (value is YamlScalarNode)
            return [value];
        errors.Add(value.Start, $"{Path(key)} is not a list");
        return [];
    }
}

/// <summary>Everything that is wrong in one file, with line and column.</summary>
internal sealed class ConfigErrors(string file)
{
    private readonly List<(Mark Place, string Sentence)> errors = [];

    public IReadOnlyList<string> Sentences =>
        [.. errors.OrderBy(e => e.Place.Line).ThenBy(e => e.Place.Column).Select(e => $"{file}:{e.Place.Line}:{e.Place.Column}: {e.Sentence}")];

    public void Add(Mark place, string sentence) => errors.Add((place, sentence));
}

/// <summary>Durations as people write them.</summary>
internal static class Durations
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        var (number, unit) = text switch
        {
            [.. var n, 'm', 's'] => (n, 1d),
            [.. var n, 's'] => (n, 1_000d),
            [.. var n, 'm'] => (n, 60_000d),
            [.. var n, 'h'] => (n, 3_600_000d),
            _ => ("", 0d),
        };
        var good = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value < 1e6;
        duration = good ? TimeSpan.FromMilliseconds(value * unit) : default;
        return good;
    }
}
