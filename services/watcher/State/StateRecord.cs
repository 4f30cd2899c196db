using System.Globalization;
using System.Text;
using Kublambda.Watcher.Streams;
using RabbitMQ.Client;

namespace Kublambda.Watcher.State;

/// <summary>What a record of the log says.</summary>
internal enum StateRecordKind
{
    /// <summary>The first record of a log. <see cref="StateRecord.Version"/>: its generation.</summary>
    Begin,

    /// <summary>All that the log before this one held is in here: from now on this one counts.</summary>
    Complete,

    /// <summary>A place to read up to. <see cref="StateRecord.Key"/>: a name for it that occurs once.</summary>
    Mark,

    /// <summary>An object as it is now.</summary>
    Put,

    /// <summary>An object is gone.</summary>
    Delete,

    /// <summary>The stream has been read up to here.</summary>
    Position,

    /// <summary>The stream's history is lost: what is there has to be compared with what was last seen.</summary>
    Relist,

    /// <summary>No trigger needs the stream any more.</summary>
    Drop,
}

/// <summary>One record of the log of last seen state.</summary>
internal sealed record StateRecord(StateRecordKind Kind)
{
    public string Stream { get; init; } = "";

    /// <summary>Key of the object.</summary>
    public string Key { get; init; } = "";
    public string Uid { get; init; } = "";

    /// <summary>resourceVersion of the object, or of the position.</summary>
    public string Version { get; init; } = "";

    /// <summary>The position that the stream has reached with this record; empty: it does not say.</summary>
    public string Position { get; init; } = "";
    public byte[] Body { get; init; } = [];

    /// <summary>Which watcher in the row of watchers wrote it. What one writes after a later one has begun does not count.</summary>
    public long Epoch { get; init; }

    public static StateRecord Put(string stream, ObjectState state, string position) => new(StateRecordKind.Put)
    {
        Stream = stream,
        Key = state.Key,
        Uid = state.Uid,
        Version = state.Version,
        Body = state.Packed,
        Position = position,
    };

    public static StateRecord Delete(string stream, string key, string position) => new(StateRecordKind.Delete) { Stream = stream, Key = key, Position = position };

    public static StateRecord At(string stream, string position) => new(StateRecordKind.Position) { Stream = stream, Position = position };

    public ObjectState ToState() => new(Key, Uid, Version, Body);

    public BasicProperties Properties() => new()
    {
        Persistent = true,
        Headers = new Dictionary<string, object?>
        {
            ["k"] = Kind.ToString(),
            ["s"] = Stream,
            ["o"] = Key,
            ["u"] = Uid,
            ["v"] = Version,
            ["p"] = Position,
            ["e"] = Epoch.ToString(CultureInfo.InvariantCulture),
        },
    };

    /// <returns>Null: not a record that this version knows.</returns>
    public static StateRecord? Of(IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body)
    {
        if (properties.Headers is not { } headers || !Enum.TryParse<StateRecordKind>(Text(headers, "k"), out var kind))
            return null;
        return new StateRecord(kind)
        {
            Stream = Text(headers, "s"),
            Key = Text(headers, "o"),
            Uid = Text(headers, "u"),
            Version = Text(headers, "v"),
            Position = Text(headers, "p"),
            Epoch = long.TryParse(Text(headers, "e"), CultureInfo.InvariantCulture, out var epoch) ? epoch : 0,
            Body = body.ToArray(),
        };
    }

    private static string Text(IDictionary<string, object?> headers, string name) =>
        headers.TryGetValue(name, out var value) ? value switch { byte[] bytes => Encoding.UTF8.GetString(bytes), string text => text, _ => "" } : "";
}
