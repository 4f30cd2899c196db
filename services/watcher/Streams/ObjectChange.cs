namespace Kublambda.Watcher.Streams;

/// <summary>What a watch says of an object, or what was found out in its place.</summary>
/// <param name="State">The object; where it is gone only its key, uid and version count.</param>
/// <param name="IsGone">It was deleted, or left the selection.</param>
/// <remarks>The state's version is the revision of the change, for a deletion too.</remarks>
internal sealed record ObjectChange(ObjectState State, bool IsGone);

/// <summary>All changes up to a revision, beginning where the last step ended.</summary>
/// <param name="Revision">Up to here, inclusive.</param>
/// <param name="Changes">In the order in which they were made.</param>
internal sealed record ReplayStep(ulong Revision, IReadOnlyList<ObjectChange> Changes);
