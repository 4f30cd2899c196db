namespace Google.Cloud.Functions.Framework;

/// <summary>A function that takes an object and gives one; both are JSON on the wire.</summary>
public interface ITypedFunction<TRequest, TResponse>
{
    /// <summary>Handles one request.</summary>
    Task<TResponse> HandleAsync(TRequest request, CancellationToken cancellationToken);
}
