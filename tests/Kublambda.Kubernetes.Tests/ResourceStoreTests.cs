using k8s.Models;

namespace Kublambda.Kubernetes.Tests;

public sealed class ResourceStoreTests
{
    private static readonly HashSet<(string, string)> AllReadable = [];
    private readonly ResourceStore<V1ConfigMap> _store = new();

    private static V1ConfigMap Map(string name, string uid = "u1", string version = "1") =>
        new() { Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "ns", Uid = uid, ResourceVersion = version } };

    private static string Tell(IEnumerable<ResourceChange<V1ConfigMap>> changes) =>
        string.Join(' ', changes.Select(change => $"{change.Type}:{change.Object.Metadata.Name}"));

    [Fact]
    public void A_list_tells_what_is_new_changed_gone_and_the_same()
    {
        Assert.Equal("Added:a Added:b Added:c", Tell(_store.Replace([Map("a"), Map("b"), Map("c")], AllReadable)));
        Assert.Equal("Deleted:c Resync:a Modified:b Added:d", Tell(_store.Replace([Map("a"), Map("b", version: "2"), Map("d")], AllReadable)));
        Assert.Null(_store.Get("ns", "c"));
        Assert.Equal(3, _store.Count);
    }

    [Fact]
    public void An_object_made_again_under_its_name_is_a_deletion_and_an_addition()
    {
        _ = Tell(_store.Set(Map("a", "u1")));
        Assert.Equal("Deleted:a Added:a", Tell(_store.Replace([Map("a", "u2", "9")], AllReadable)));
        Assert.Equal("Deleted:a Added:a", Tell(_store.Set(Map("a", "u3", "12"))));
    }

    [Fact]
    public void An_object_that_can_no_longer_be_read_is_not_taken_for_deleted()
    {
        _ = Tell(_store.Set(Map("a")));
        Assert.Equal("", Tell(_store.Replace([], new HashSet<(string, string)> { ("ns", "a") })));
        Assert.NotNull(_store.Get("ns", "a"));
    }

    [Fact]
    public void An_event_that_is_told_twice_is_dispatched_once()
    {
        Assert.Equal("Added:a", Tell(_store.Set(Map("a"))));
        Assert.Equal("", Tell(_store.Set(Map("a"))));
    }

    [Fact]
    public void A_deletion_is_told_with_the_last_state_even_of_an_object_never_seen()
    {
        Assert.Equal("Deleted:a", Tell(_store.Remove("ns", "a", Map("a"))));
        Assert.Equal("", Tell(_store.Remove("ns", "a", null)));
    }
}
