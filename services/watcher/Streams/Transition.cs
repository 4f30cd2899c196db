using System.Globalization;

namespace Kublambda.Watcher.Streams;

/// <summary>One step in the life of an object of a stream.</summary>
/// <param name="Old">Before; null: it was not there.</param>
/// <param name="New">After; null: it is not there any more.</param>
/// <param name="Position">resourceVersion that the stream has reached with it; empty while a list is being compared.</param>
internal sealed record Transition(ObjectState? Old, ObjectState? New, string Position)
{
    public string Key => (New ?? Old)!.Key;
}

/// <summary>What a watch event, or two states far apart, mean for what was last seen. No clients, no clock.</summary>
internal static class Transitions
{
    /// <summary>The object is there, in this state. Nothing comes out for a state that is not newer than the last seen one: the watch began before it.</summary>
    public static IEnumerable<Transition> Present(ObjectState? old, ObjectState now, string position)
    {
        if (old is null)
            return [new Transition(null, now, position)];
        if (position.Length > 0 && !IsNewer(now.Version, old.Version))
            return [];
        // Deleted and made again under the same name; the deletion was not seen.
        return old.Uid == now.Uid
            ? [new Transition(old, now, position)]
            : [new Transition(old, null, ""), new Transition(null, now, position)];
    }

    /// <summary>The object is gone. Nothing comes out where it was not known, or where a later one of the name is there.</summary>
    public static IEnumerable<Transition> Gone(ObjectState? old, ObjectState last, string position) =>
        old is null || (old.Uid != last.Uid && !IsNewer(last.Version, old.Version)) ? [] : [new Transition(old, null, position)];

    /// <summary>
    /// Versions are decimal numbers that grow, for all objects of a kind (KEP-5504 made that a promise; it was so before). Where one is
    /// none, a different one counts as newer.
    /// </summary>
    public static bool IsNewer(string version, string than) =>
        Number(version) is { } left && Number(than) is { } right ? left > right : version != than;

    public static ulong? Number(string version) =>
        ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
