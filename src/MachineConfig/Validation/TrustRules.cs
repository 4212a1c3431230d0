using Cozy.Fleet.MachineConfig.Documents;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>Who holds which certificate and key: a control plane issues and needs keys, a worker trusts and may not have them.</summary>
internal static class TrustRules
{
    private static readonly string[][] Pairs =
        [["machine", "ca"], ["cluster", "ca"], ["cluster", "aggregatorCA"], ["cluster", "serviceAccount"], ["cluster", "etcd", "ca"]];

    public static IEnumerable<ConfigProblem> Problems(WholeConfig config, ConfigLeaf main) =>
        (config.IsControlPlane ? OfControlPlane(main) : OfWorker(main)).Concat(Encoding(main));

    private static IEnumerable<ConfigProblem> OfControlPlane(ConfigLeaf main)
    {
        if (main.Find("machine") is not { } machine)
            yield break;
        if (machine.Text("ca", "crt") == "")
            yield return machine.Missing("ca", "a control plane issues the certificates of the machine API");
        else if (machine.Text("ca", "key") == "")
            yield return machine.Find("ca")!.Missing("key", "a control plane issues the certificates of the machine API");
    }

    private static IEnumerable<ConfigProblem> OfWorker(ConfigLeaf main)
    {
        if (main.Find("machine") is { } machine && machine.Text("ca", "crt") == "" && machine.List("acceptedCAs").Length == 0)
            yield return machine.Missing("ca", "a worker trusts this CA or one of acceptedCAs");
        foreach (var section in new[] { "machine", "cluster" })
        {
            if (main.Find(section, "ca", "key") is { } key && key.Text() != "")
                yield return key.Problem($"{key.Place} is on a worker, where no key of a CA may be.");
        }
        if (main.Find("cluster", "etcd") is { } etcd)
            yield return etcd.Problem("cluster.etcd is for control planes only.");
    }

    // Bytes are written as base64 there; newer documents hold the PEM itself.
    private static IEnumerable<ConfigProblem> Encoding(ConfigLeaf main) =>
        Pairs.SelectMany(path => new[] { main.Find([.. path, "crt"]), main.Find([.. path, "key"]) }).OfType<ConfigLeaf>()
            .Where(leaf => !IsBase64(leaf.Text())).Select(leaf => leaf.Problem($"{leaf.Place} is not base64."));

    private static bool IsBase64(string text) => Convert.TryFromBase64String(text, new byte[text.Length], out _);
}
