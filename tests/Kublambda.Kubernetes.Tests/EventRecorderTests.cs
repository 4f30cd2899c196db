using System.Text;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Kublambda.Kubernetes.Tests;

public sealed class EventRecorderTests
{
    private readonly EventRecorder _events = new(null!, "tests", new FakeTimeProvider(), NullLogger<EventRecorder>.Instance);

    private static V1ObjectReference About(string name = "pod", string uid = "u") => new() { Name = name, NamespaceProperty = "shop", Uid = uid };

    [Fact]
    public void The_same_thing_said_again_has_the_same_name_and_another_thing_has_not()
    {
        string Name(V1ObjectReference about, string reason, string message) => _events.Render(about, EventRecorder.Normal, reason, message).Metadata.Name;
        var name = Name(About(), "Built", "It is built.");
        Assert.Equal(name, Name(About(), "Built", "It is built."));
        Assert.NotEqual(name, Name(About(), "Built", "It is built again."));
        Assert.NotEqual(name, Name(About(), "Failed", "It is built."));
        Assert.NotEqual(name, Name(About(uid: "v"), "Built", "It is built."));
    }

    [Theory]
    [InlineData("x", 3000)]
    [InlineData("ä", 700)]
    [InlineData("🙂", 400)]
    public void A_message_is_cut_to_the_bytes_that_the_server_takes_and_stays_whole_text(string letter, int count)
    {
        var message = _events.Render(About(), EventRecorder.Warning, "Long", string.Concat(Enumerable.Repeat(letter, count))).Message;
        Assert.InRange(Encoding.UTF8.GetByteCount(message), EventRecorder.MessageLength - 8, EventRecorder.MessageLength);
        Assert.EndsWith(letter + " ...", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_name_leaves_room_for_the_digest() =>
        Assert.InRange(_events.Render(About(new string('a', 253)), EventRecorder.Normal, "R", "m").Metadata.Name.Length, 200, 253);
}
