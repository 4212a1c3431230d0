using System.Text.Json;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Primitives.Tests;

public sealed class EquatableArrayTests
{
    private sealed record Holder(EquatableArray<string> Items);

    [Fact]
    public void Records_with_equal_lists_are_equal()
    {
        Assert.Equal(new Holder(["a", "b"]), new Holder(["a", "b"]));
        Assert.NotEqual(new Holder(["a", "b"]), new Holder(["b", "a"]));
        Assert.Equal(new Holder(["a"]).GetHashCode(), new Holder(["a"]).GetHashCode());
    }

    [Fact]
    public void A_list_that_was_never_set_is_empty()
    {
        EquatableArray<int> list = default;
        Assert.Empty(list);
        Assert.Equal([], list);
    }

    [Fact]
    public void It_is_stored_as_a_json_array()
    {
        var json = JsonSerializer.Serialize(new Holder(["a", "b"]));
        Assert.Equal("""{"Items":["a","b"]}""", json);
        Assert.Equal(new Holder(["a", "b"]), JsonSerializer.Deserialize<Holder>(json));
    }
}
