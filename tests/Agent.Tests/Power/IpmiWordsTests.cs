using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Agent.Power.Ipmi;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Tests.Power;

public sealed class IpmiWordsTests
{
    [Theory]
    [InlineData("Chassis Power is on\n", PowerState.On)]
    [InlineData("Chassis Power is off\n", PowerState.Off)]
    [InlineData("", PowerState.Unspecified)]
    public void State_is_what_ipmitool_says(string text, PowerState state) => Assert.Equal(state, IpmiWords.State(text));

    [Theory]
    [InlineData("a004000000", true, NextBoot.Network, "PXE")]
    [InlineData("8008000000", true, NextBoot.Disk, "disk")]
    [InlineData("8014000000", true, NextBoot.Unspecified, "device 5")]
    [InlineData("0004000000", false, NextBoot.Network, "PXE")]
    [InlineData("0000000000", false, NextBoot.Unspecified, "")]
    [InlineData("", false, NextBoot.Unspecified, "")]
    [InlineData("zz04", false, NextBoot.Unspecified, "")]
    public void Boot_flags_are_read_from_their_bytes(string data, bool valid, NextBoot next, string detail) => Assert.Equal(
        (valid, next, detail), IpmiWords.BootFlags($"Boot parameter version: 1\nBoot parameter data: {data}\n Boot Flags :\n"));

    [Theory]
    [InlineData("10.0.0.9", 0, "-I lanplus -H 10.0.0.9 -U ops -E -N 5 -R 2 chassis power on")]
    [InlineData("bmc-7.example:6230", 3, "-I lanplus -H bmc-7.example -p 6230 -U ops -E -N 5 -R 2 -C 3 chassis power on")]
    [InlineData("[fd00::9]:623", 17, "-I lanplus -H fd00::9 -p 623 -U ops -E -N 5 -R 2 -C 17 chassis power on")]
    public void Arguments_hold_no_password(string address, int suite, string arguments) => Assert.Equal(arguments, string.Join(' ',
        IpmiTool.Arguments(new() { Address = address, Username = "ops", CipherSuite = suite }, ["chassis", "power", "on"])));

    [Theory]
    [InlineData("Error: Unable to establish IPMI v2 / RMCP+ session\n",
        "Unreachable: the BMC does not answer, or does not take the user name and the password")]
    [InlineData("Unable to set Chassis Power Control to Up/On\n",
        "Unknown: the BMC did not answer: Unable to set Chassis Power Control to Up/On")]
    [InlineData("Unable to get Chassis Power Status\n", "Unreachable: the BMC did not answer: Unable to get Chassis Power Status")]
    [InlineData(
        "Set Chassis Power Control to Cycle failed: Command not supported in present state\n",
        "Refused: the BMC refuses: Set Chassis Power Control to Cycle failed: Command not supported in present state")]
    [InlineData("", "Refused: the BMC refuses: without a word")]
    public void Failures_are_told_apart_by_their_words(string words, string failure)
    {
        var told = IpmiTool.Failure(words);
        Assert.Equal(failure, $"{told.Failure}: {told.Message}");
    }
}
