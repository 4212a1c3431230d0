using System.Globalization;
using System.Net;

namespace Cozy.Fleet.Simulator.Commands;

/// <summary>The command line is not one that we understand; the message says why in one sentence.</summary>
public sealed class UsageException(string message) : Exception(message);

/// <summary>
/// Options of the form <c>--name value</c>. Written by hand, because the node program lives in an initramfs, where each library is
/// loaded into memory at every boot.
/// </summary>
internal sealed class CommandArguments
{
    private readonly List<(string Name, string Value)> given = [];

    /// <exception cref="UsageException">An option is unknown or has no value.</exception>
    public CommandArguments(string[] args, IReadOnlyCollection<string> known)
    {
        for (var at = 0; at < args.Length; at += 2)
        {
            if (!known.Contains(args[at]))
                throw new UsageException($"There is no option '{args[at]}'; there are {string.Join(", ", known)}.");
            if (at + 1 == args.Length)
                throw new UsageException($"{args[at]} needs a value.");
            given.Add((args[at], args[at + 1]));
        }
    }

    public IEnumerable<string> All(string name) => given.Where(g => g.Name == name).Select(g => g.Value);

    public string Required(string name) => All(name).LastOrDefault() ?? throw new UsageException($"{name} is missing.");

    public string Optional(string name, string otherwise) => All(name).LastOrDefault() ?? otherwise;

    public int Number(string name, int? otherwise, int from, int to)
    {
        var text = otherwise is { } value ? Optional(name, value.ToString(CultureInfo.InvariantCulture)) : Required(name);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to
            ? number
            : throw new UsageException($"{name} is a number from {from} to {to}, not '{text}'.");
    }

    public double Speed()
    {
        var text = Optional("--speed", "1");
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var speed) && speed > 0
            ? speed
            : throw new UsageException($"--speed is a number above 0, not '{text}'.");
    }

    public IPEndPoint EndPoint(string name) =>
        IPEndPoint.TryParse(Required(name), out var endPoint) && endPoint.Port > 0
            ? endPoint
            : throw new UsageException($"{name} is ADDRESS:PORT, not '{Required(name)}'.");

    public IPAddress Address(string name) =>
        IPAddress.TryParse(Required(name), out var address)
            ? address
            : throw new UsageException($"{name} is an address, not '{Required(name)}'.");
}
