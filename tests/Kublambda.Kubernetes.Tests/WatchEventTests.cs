using System.Text.Json;

namespace Kublambda.Kubernetes.Tests;

public sealed class WatchEventTests
{
    [Theory]
    [InlineData("ADDED", WatchEventType.Added)]
    [InlineData("MODIFIED", WatchEventType.Modified)]
    [InlineData("DELETED", WatchEventType.Deleted)]
    [InlineData("BOOKMARK", WatchEventType.Bookmark)]
    internal void Each_kind_of_event_is_understood(string word, WatchEventType type) =>
        Assert.Equal(type, WatchEvent.Parse("{\"type\":\"" + word + "\",\"object\":{\"metadata\":{\"name\":\"a\"}}}").Type);

    [Fact]
    public void An_error_event_means_to_list_again() =>
        Assert.Throws<ResourceExpiredException>(() =>
            WatchEvent.Parse("""{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}"""));

    [Fact]
    public void Half_a_line_is_a_broken_connection() =>
        Assert.ThrowsAny<JsonException>(() => WatchEvent.Parse("""{"type":"ADDED","object":{"meta"""));

    [Theory]
    [InlineData("", "v1", "pods", null, "api/v1/pods")]
    [InlineData("apps", "v1", "deployments", "shop", "apis/apps/v1/namespaces/shop/deployments")]
    public void A_query_knows_its_path(string group, string version, string plural, string? ns, string path) =>
        Assert.Equal(path, new ResourceQuery(group, version, plural) { Namespace = ns }.CollectionPath);
}
