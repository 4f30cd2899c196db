using System.Linq.Expressions;
using System.Text.Json;
using CloudNative.CloudEvents;

namespace Kublambda.Invoker;

/// <summary>Calls classes that implement an interface of the Functions Framework, an instance for each request, with what their constructors ask for.</summary>
internal static class ClassFunction
{
    /// <summary>By the interface's name: it may be the function's own copy of the package.</summary>
    public static RequestDelegate Http(Type type, Type contract)
    {
        var create = Creator(type);
        var function = Expression.Parameter(typeof(object));
        var context = Expression.Parameter(typeof(HttpContext));
        var call = Expression.Lambda<Func<object, HttpContext, Task>>(
            Expression.Call(Expression.Convert(function, contract), contract.GetMethod("HandleAsync")!, context), function, context).Compile();
        if (!typeof(IDisposable).IsAssignableFrom(type) && !typeof(IAsyncDisposable).IsAssignableFrom(type))
            return http => call(create(http), http);
        return async http =>
        {
            var instance = create(http);
            await call(instance, http);
            await EndAsync(instance);
        };
    }

    /// <summary>Data comes by the formatter among the services, by that which its type names (<see cref="CloudEventFormatterAttribute"/>), or as JSON.</summary>
    public static RequestDelegate Event(Type type, Type contract, IServiceProvider services)
    {
        var create = Creator(type);
        var method = contract.GetMethod("HandleAsync")!;
        var data = contract.IsGenericType ? contract.GetGenericArguments()[0] : null;
        var formatter = services.GetService<CloudEventFormatter>() ?? (data is null ? null : CloudEventFormatterAttribute.CreateFormatter(data));
        return async http =>
        {
            var cloudEvent = await EventReader.ReadAsync(http.Request, formatter);
            var instance = create(http);
            object?[] arguments = data is null ? [cloudEvent, http.RequestAborted] : [cloudEvent, EventReader.DataOf(cloudEvent, data), http.RequestAborted];
            await (Task)method.Invoke(instance, System.Reflection.BindingFlags.DoNotWrapExceptions, null, arguments, null)!;
            await EndAsync(instance);
            if (!http.Response.HasStarted)
                http.Response.StatusCode = StatusCodes.Status204NoContent;
        };
    }

    public static RequestDelegate Typed(Type type, Type contract)
    {
        var create = Creator(type);
        var method = contract.GetMethod("HandleAsync")!;
        var (input, output) = (contract.GetGenericArguments()[0], contract.GetGenericArguments()[1]);
        var result = typeof(Task<>).MakeGenericType(output).GetProperty("Result")!;
        return async http =>
        {
            object? argument;
            try
            {
                argument = await JsonSerializer.DeserializeAsync(http.Request.Body, input, JsonSerializerOptions.Web);
            }
            catch (JsonException e)
            {
                throw new RefusedException(StatusCodes.Status400BadRequest, "bad_request", $"The request is no {input.Name}: {e.Message}");
            }

            var instance = create(http);
            var task = (Task)method.Invoke(instance, System.Reflection.BindingFlags.DoNotWrapExceptions, null, [argument, http.RequestAborted], null)!;
            await task;
            await http.Response.WriteAsJsonAsync(result.GetValue(task), output, JsonSerializerOptions.Web);
            await EndAsync(instance);
        };
    }

    /// <summary>A class that asks for nothing is spared the request's scope of services.</summary>
    private static Func<HttpContext, object> Creator(Type type)
    {
        if (type.GetConstructors() is [{ } only] && only.GetParameters().Length == 0)
        {
            var make = Expression.Lambda<Func<object>>(Expression.New(only)).Compile();
            return _ => make();
        }

        var factory = ActivatorUtilities.CreateFactory(type, []);
        return http => factory(http.RequestServices, null);
    }

    private static async ValueTask EndAsync(object instance)
    {
        if (instance is IAsyncDisposable asynchronous)
            await asynchronous.DisposeAsync();
        else if (instance is IDisposable disposable)
            disposable.Dispose();
    }
}
