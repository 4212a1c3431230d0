using Cozy.Fleet.MachineConfig.Generate;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Generates what <c>talosctl gen config</c> generates for a version contract (talos.md 5.3, 5.4), with the machine's hostname in it.
/// </summary>
public static class MachineConfigGenerator
{
    /// <summary>The config of one machine as YAML, one or more documents.</summary>
    /// <exception cref="ArgumentException">The contract is older than 1.6, or newer than the machine.</exception>
    public static string Generate(MachineConfigInput input, SecretsBundle secrets, MachineType type)
    {
        if (!input.Contract.IsAtLeast(1, 6) || !input.TalosVersion.IsAtLeast(input.Contract.Major, input.Contract.Minor))
            throw new ArgumentException($"A config of contract {input.Contract} is not for Talos {input.TalosVersion}.", nameof(input));
        var generation = new Generation(input, secrets, type);
        return Yaml.Write(input.Contract.IsAtLeast(1, 14) ? DocumentForm.Documents(generation) : FieldForm.Documents(generation));
    }
}
