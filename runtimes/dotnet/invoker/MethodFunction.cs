using System.Reflection;
using CloudNative.CloudEvents;
using Microsoft.AspNetCore.Http.Features;

namespace Kublambda.Invoker;

/// <summary>
/// Calls a method as ASP.NET Core's minimal APIs do: parameters are the request, its query, its body, services; what it returns is
/// the answer.
/// </summary>
internal static class MethodFunction
{
    public static RequestDelegate Create(MethodInfo method, string signature, IServiceProvider services)
    {
        var factory = method.IsStatic ? null : ActivatorUtilities.CreateFactory(method.DeclaringType!, []);
        Func<HttpContext, object>? target = factory is null ? null : http => factory(http.RequestServices, null);
        return signature == "http" ? Http(method, target, services) : Event(method, target);
    }

    private static RequestDelegate Http(MethodInfo method, Func<HttpContext, object>? target, IServiceProvider services)
    {
        var builder = new RouteEndpointBuilder(null, Microsoft.AspNetCore.Routing.Patterns.RoutePatternFactory.Parse("/"), 0) { ApplicationServices = services };
        builder.FilterFactories.Add((_, next) => async invocation => Returned(invocation.HttpContext, await next(invocation)));
        try
        {
            return RequestDelegateFactory.Create(method, target, new RequestDelegateFactoryOptions { ServiceProvider = services, ThrowOnBadRequest = true, EndpointBuilder = builder }).RequestDelegate;
        }
        catch (Exception e) when (e is InvalidOperationException or NotSupportedException)
        {
            throw new FatalException(ExitCodes.BadTarget, $"The method {method.DeclaringType}.{method.Name} cannot be called with a request: {e.Message}", "take HttpContext, or parameters as minimal APIs of ASP.NET Core do.");
        }
    }

    private static RequestDelegate Event(MethodInfo method, Func<HttpContext, object>? target)
    {
        var parameters = method.GetParameters();
        return async http =>
        {
            var cloudEvent = await EventReader.ReadAsync(http.Request);
            var arguments = Array.ConvertAll(parameters, parameter => parameter.ParameterType switch
            {
                var type when type == typeof(CloudEvent) => cloudEvent,
                var type when type == typeof(CancellationToken) => http.RequestAborted,
                var type when type == typeof(HttpContext) => http,
                var type => EventReader.DataOf(cloudEvent, type),
            });
            var value = method.Invoke(target?.Invoke(http), BindingFlags.DoNotWrapExceptions, null, arguments, null);
            if (value is Task task)
            {
                await task;
                value = task.GetType() is { IsGenericType: true } type && type.GetGenericArguments()[0].Name != "VoidTaskResult" ? type.GetProperty("Result")!.GetValue(task) : null;
            }

            await (Returned(http, value) switch
            {
                IResult result => result.ExecuteAsync(http),
                var other => Results.Json(other).ExecuteAsync(http),
            });
        };
    }

    /// <summary>Nothing is 204, bytes and streams are themselves, pieces of text are a stream; all else is for ASP.NET Core.</summary>
    private static object? Returned(HttpContext http, object? value) => value switch
    {
        null => Untouched(http) ? Results.NoContent() : Results.Empty,
        var empty when ReferenceEquals(empty, Results.Empty) => Untouched(http) ? Results.NoContent() : empty,
        string text => Results.Text(text, http.Response.ContentType), // with a length
        byte[] bytes => Results.Bytes(bytes, http.Response.ContentType ?? "application/octet-stream"),
        Stream stream => Results.Stream(stream, http.Response.ContentType ?? "application/octet-stream"),
        IAsyncEnumerable<string> pieces => new PiecesResult(pieces),
        _ => value,
    };

    private static bool Untouched(HttpContext http) =>
        !http.Response.HasStarted && http.Response.StatusCode == StatusCodes.Status200OK && http.Features.Get<IHttpResponseBodyFeature>() is BoundedBody { HeldBytes: 0 };

    /// <summary>Text that is sent as it comes.</summary>
    private sealed class PiecesResult(IAsyncEnumerable<string> pieces) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType ??= "text/plain; charset=utf-8";
            await foreach (var piece in pieces.WithCancellation(httpContext.RequestAborted))
                await httpContext.Response.WriteAsync(piece, httpContext.RequestAborted);
        }
    }
}
