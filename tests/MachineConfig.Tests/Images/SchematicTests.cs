using Cozy.Fleet.MachineConfig.Images;

namespace Cozy.Fleet.MachineConfig.Tests.Images;

public sealed class SchematicTests
{
    /// <summary>Canonical bytes and ids of talos.md 9.3; the last is the sample of the factory's docs/api.md with its real id.</summary>
    public static TheoryData<string, string> Known => new()
    {
        { "customization: {}\n", "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba" },
        {
            "customization:\n    extraKernelArgs:\n        - noapic\n        - nolapic\n",
            "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c"
        },
        {
            "customization:\n    meta:\n        - key: 10\n          value: foo\n",
            "d308a2a5ee2277bed5fbaa104fcbc8d59122abfa737df987a95b4ca763459a7f"
        },
        {
            "customization:\n    secureboot:\n        includeWellKnownCertificates: true\n",
            "fa8e05f142a851d3ee568eb0a8e5841eaf6b0ebc8df9a63df16ac5ed2c04f3e6"
        },
        {
            "customization:\n    diskImage:\n        sectorSize: 4096\n",
            "92833e9ddd9bb9e11b2464fa5525429f01866306d52ebd882ee08d7918f6d1ea"
        },
        {
            "overlay:\n    image: siderolabs/sbc-raspberrypi\n    name: rpi_generic\ncustomization: {}\n",
            "ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9"
        },
        {
            "customization:\n    systemExtensions:\n        officialExtensions:\n            - siderolabs/gvisor\n            - siderolabs/amd-ucode\n",
            "a993cf18ef6a65e3fc6d2f651c0363981b6b2e823829ad95a2557cfc97ca6595"
        },
        {
            "customization:\n    extraKernelArgs:\n        - vga=791\n",
            "eea1f9534c46d95c4715a2f13d17eacb927c13a42ef087c79b22c3bd0c49d073"
        },
    };

    [Theory]
    [MemberData(nameof(Known))]
    public void The_canonical_form_is_its_own_and_has_the_factorys_id(string canonical, string id)
    {
        var schematic = Read(canonical);

        Assert.Equal((canonical, id), (schematic.Canonical, schematic.Id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n---\n")]
    [InlineData("{}")]
    [InlineData("customization:\n")]
    [InlineData("customization: {extraKernelArgs: [], systemExtensions: {officialExtensions: []}, secureboot: {includeWellKnownCertificates: false}}")]
    [InlineData("overlay: {options: {}}\ncustomization: {diskImage: {sectorSize: 0}}")]
    public void What_is_empty_is_the_vanilla_schematic(string yaml) =>
        Assert.Equal("376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba", Read(yaml).Id);

    [Fact]
    public void Order_of_keys_comments_quotes_and_style_do_not_matter_and_the_order_of_lists_does()
    {
        var schematic = Read("""
            # for the rack of hall a
            customization: {meta: [{value: "foo", key: 0xa}], extraKernelArgs: ['b', "a"]}
            overlay: {name: rpi_generic, image: siderolabs/sbc-raspberrypi}
            owner: me
            """);

        Assert.Equal("""
            owner: me
            overlay:
                image: siderolabs/sbc-raspberrypi
                name: rpi_generic
            customization:
                extraKernelArgs:
                    - b
                    - a
                meta:
                    - key: 10
                      value: foo

            """, schematic.Canonical);
    }

    [Theory]
    [InlineData("custom: {}", "s.yaml:1:1: unknown key custom; a schematic has owner, overlay, customization here")]
    [InlineData("customization:\n  extraKernelArg: [a]", "s.yaml:2:3: unknown key customization.extraKernelArg; a schematic has "
        + "embeddedMachineConfiguration, extraKernelArgs, meta, systemExtensions, bootloader, secureboot, diskImage here")]
    [InlineData("customization: [a]", "s.yaml:1:16: customization is not a map of keys")]
    [InlineData("customization: {extraKernelArgs: a}", "s.yaml:1:34: customization.extraKernelArgs is not a list")]
    [InlineData("customization: {extraKernelArgs: [{a: b}]}", "s.yaml:1:35: customization.extraKernelArgs[0] is not a plain value")]
    [InlineData("customization: {meta: [{key: 256, value: a}]}", "s.yaml:1:30: customization.meta[0].key is not a number from 0 to 255")]
    [InlineData("customization: {meta: [{key: \"10\", value: a}]}", "s.yaml:1:30: customization.meta[0].key is not a number from 0 to 255")]
    [InlineData("customization: {meta: [{key: 010, value: a}]}", "s.yaml:1:30: customization.meta[0].key is not a number from 0 to 255")]
    [InlineData("customization: {meta: [{key: 10}]}", "s.yaml:1:24: customization.meta[0].value is missing or empty")]
    [InlineData("customization: {secureboot: {includeWellKnownCertificates: yes}}",
        "s.yaml:1:60: customization.secureboot.includeWellKnownCertificates is neither true nor false")]
    [InlineData("a\n", "s.yaml:1:1: a schematic is a map, such as 'customization: …'")]
    [InlineData("owner: a\n---\nowner: b\n", "s.yaml:3:1: a schematic is one document")]
    public void What_is_wrong_is_said_with_its_place(string yaml, string refusal) => Assert.Contains(refusal, Refusals(yaml));

    [Theory]
    [InlineData("yes")]
    [InlineData("10")]
    [InlineData("'null'")]
    [InlineData("a b")]
    [InlineData("'a: b'")]
    [InlineData("http://x/y")]
    [InlineData("-init_on_alloc")]
    [InlineData("\"two\\nlines\"")]
    [InlineData("ключ")]
    public void A_value_whose_quoting_is_unverified_has_no_id_here(string value)
    {
        var refusal = Assert.Single(Refusals($"customization: {{extraKernelArgs: [{value}]}}"));

        Assert.Equal("s.yaml:1:35: how the factory quotes the value of customization.extraKernelArgs[0] is unverified; "
            + "take the id from the factory's answer to POST /schematics", refusal);
    }

    [Theory]
    [InlineData("overlay: {image: a/b, name: c, options: {configTxt: x}}")]
    [InlineData("customization: {extraKernelArgs: ['']}")]
    public void Neither_has_what_may_be_written_in_several_ways(string yaml) =>
        Assert.EndsWith("take the id from the factory's answer to POST /schematics", Assert.Single(Refusals(yaml)),
            StringComparison.Ordinal);

    [Fact]
    public void Broken_yaml_is_a_refusal_with_its_place() =>
        Assert.StartsWith("s.yaml:1:", Assert.Single(Refusals("owner: b: c")), StringComparison.Ordinal);

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once() => Assert.Equal(3, Refusals("a: 1\ncustomization: {b: 2, meta: 3}").Count);

    private static Schematic Read(string yaml)
    {
        Assert.True(Schematic.TryRead(yaml, "s.yaml", out var schematic, out var refusals), string.Join('\n', refusals));
        return schematic;
    }

    private static IReadOnlyList<string> Refusals(string yaml)
    {
        Assert.False(Schematic.TryRead(yaml, "s.yaml", out _, out var refusals));
        return refusals;
    }
}
