using System.Net;
using System.Text.Json;
using Kublambda.Triggers;
using Kublambda.Watcher.Delivery;
using Kublambda.Watcher.Streams;

namespace Kublambda.Watcher.Tests;

public sealed class TransitionTests
{
    private static ObjectState AState(string version, string uid = "u") => new("ns/a", uid, version, []);

    private static string Text(IEnumerable<Transition> transitions) =>
        string.Join(", ", transitions.Select(each => $"{Text(each.Old)}>{Text(each.New)}@{each.Position}"));

    private static string Text(ObjectState? state) => state is null ? "" : $"{state.Uid}{state.Version}";

    [Fact]
    public void A_state_that_is_not_newer_than_the_last_seen_one_is_nothing_new()
    {
        Assert.Equal("", Text(Transitions.Present(AState("10"), AState("9"), "9")));
        Assert.Equal("", Text(Transitions.Present(AState("10"), AState("10"), "10")));
        Assert.Equal("u10>u11@11", Text(Transitions.Present(AState("10"), AState("11"), "11")));
        Assert.Equal(">u9@9", Text(Transitions.Present(null, AState("9"), "9")));
    }

    [Fact]
    public void Another_object_of_the_same_name_is_a_deletion_and_an_addition() =>
        Assert.Equal("u10>@, >w12@12", Text(Transitions.Present(AState("10"), AState("12", "w"), "12")));

    [Fact]
    public void The_deletion_of_what_is_not_known_or_older_is_nothing()
    {
        Assert.Equal("", Text(Transitions.Gone(null, AState("9"), "9")));
        Assert.Equal("", Text(Transitions.Gone(AState("10", "w"), AState("9"), "9")));
        Assert.Equal("u10>@11", Text(Transitions.Gone(AState("10"), AState("11"), "11")));
    }

    [Theory]
    [InlineData("too old resource version: 120 (345)", 345UL)]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","message":"too old resource version: 7 (8)","code":410}}""", 8UL)]
    [InlineData("The resourceVersion for the provided watch is too old.", null)]
    public void Where_a_watch_can_begin_again_is_read_from_what_the_API_server_says(string said, ulong? expected) =>
        Assert.Equal(expected, StreamFault.OldestWatchable(said));

    [Fact]
    public void The_same_event_has_the_same_id_and_another_one_has_another()
    {
        string[] ids =
        [
            EventMessage.Id("u", "1", TriggerEvent.Added), EventMessage.Id("u", "1", TriggerEvent.Modified), EventMessage.Id("u", "1", TriggerEvent.Deleted),
            EventMessage.Id("u", "2", TriggerEvent.Added), EventMessage.Id("w", "1", TriggerEvent.Added),
        ];
        Assert.Equal(5, ids.Distinct().Count());
        Assert.Equal(ids[0], EventMessage.Id("u", "1", TriggerEvent.Added));
    }

    [Fact]
    public void An_object_is_kept_without_managed_fields_and_with_its_kind()
    {
        var item = JsonSerializer.Deserialize<JsonElement>(
            """{"metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"7","managedFields":[{"manager":"x"}],"labels":{"é":"1"}},"data":{"k":"v"}}""");
        var state = ObjectState.Of(item, "v1", "ConfigMap");
        Assert.Equal(("ns/a", "u", "7"), (state.Key, state.Uid, state.Version));
        Assert.Equal(
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"7","labels":{"é":"1"}},"data":{"k":"v"}}""",
            System.Text.Encoding.UTF8.GetString(state.Json()));
        Assert.Throws<JsonException>(() => ObjectState.Of(JsonSerializer.Deserialize<JsonElement>("""{"metadata":{"name":"a"}}"""), "v1", "ConfigMap"));
    }

    [Theory]
    [InlineData(200, true, "Done")]
    [InlineData(204, true, "Done")]
    [InlineData(400, true, "GiveUp")]
    [InlineData(404, true, "GiveUp")]
    [InlineData(404, false, "Again")]
    [InlineData(408, true, "Again")]
    [InlineData(429, true, "Again")]
    [InlineData(302, true, "GiveUp")]
    [InlineData(500, true, "Again")]
    [InlineData(503, true, "Again")]
    public void What_becomes_of_an_event_follows_from_the_answer(int status, bool isReady, string expected) =>
        Assert.Equal(expected, Answer.Of((HttpStatusCode)status, "", null, isReady).Verdict.ToString());

    [Fact]
    public void Only_so_many_ids_are_remembered()
    {
        var ids = new RecentIds(2);
        foreach (var id in new[] { "a", "b", "b", "c" })
            ids.Add(id);
        Assert.Equal((false, true, true), (ids.Contains("a"), ids.Contains("b"), ids.Contains("c")));
    }
}
