namespace Kublambda.Triggers;

/// <summary>What happened to an object, seen from one trigger: leaving its selection is <see cref="Deleted"/>, entering it <see cref="Added"/>.</summary>
public enum TriggerEvent
{
    Added,
    Modified,
    Deleted,
}

/// <summary>The words for <see cref="TriggerEvent"/>.</summary>
public static class TriggerEvents
{
    /// <summary>Values of <c>spec.triggers[].resource.events</c>.</summary>
    public static IReadOnlyList<string> All { get; } = ["Added", "Modified", "Deleted"];

    /// <summary>The <c>type</c> of the CloudEvent.</summary>
    public static string CloudEventType(TriggerEvent happened) => happened switch
    {
        TriggerEvent.Added => "dev.kublambda.resource.added",
        TriggerEvent.Modified => "dev.kublambda.resource.modified",
        _ => "dev.kublambda.resource.deleted",
    };

    /// <summary>The word in <c>spec.triggers[].resource.events</c>, and the value of <c>event</c> in a condition.</summary>
    public static string Word(TriggerEvent happened) => happened switch
    {
        TriggerEvent.Added => "Added",
        TriggerEvent.Modified => "Modified",
        _ => "Deleted",
    };
}
