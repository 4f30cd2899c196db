using CloudNative.CloudEvents;

namespace Google.Cloud.Functions.Framework;

/// <summary>A function that is called with CloudEvents.</summary>
public interface ICloudEventFunction
{
    /// <summary>Handles one event; data is a JsonElement, a string or bytes, by its type.</summary>
    Task HandleAsync(CloudEvent cloudEvent, CancellationToken cancellationToken);
}

/// <summary>A function that is called with CloudEvents whose data is <typeparamref name="TData"/>.</summary>
public interface ICloudEventFunction<TData>
    where TData : class
{
    /// <summary>Handles one event; data is what its JSON says.</summary>
    Task HandleAsync(CloudEvent cloudEvent, TData data, CancellationToken cancellationToken);
}
