namespace Cozy.Fleet.MachineConfig.Patches;

/// <summary>A patch asks for something that cannot be; the message says what and where.</summary>
internal sealed class PatchException(string message) : Exception(message);
