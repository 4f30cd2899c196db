using System.Reflection;
using System.Runtime.CompilerServices;

namespace Kublambda.Invoker;

/// <summary>The function that FUNCTION_TARGET names: a class of the Functions Framework, or a method of any class.</summary>
/// <param name="Owner">The class.</param>
/// <param name="Contract">The interface of the Functions Framework that it implements.</param>
/// <param name="Method">The method, where it is one.</param>
internal sealed record FunctionTarget(Type Owner, Type? Contract, MethodInfo? Method)
{
    /// <summary>What the server calls for each request.</summary>
    /// <exception cref="FatalException">It cannot be called, or made.</exception>
    public RequestDelegate Bind(string signature, IServiceProvider services)
    {
        // Here and not in the first request: an exception in it is one at load.
        RuntimeHelpers.RunModuleConstructor(Owner.Module.ModuleHandle);
        RuntimeHelpers.RunClassConstructor(Owner.TypeHandle);
        if (Method is not { IsStatic: true })
            CheckConstructor(services);
        return Method is not null ? MethodFunction.Create(Method, signature, services) : Contract!.Name switch
        {
            "IHttpFunction" => ClassFunction.Http(Owner, Contract),
            "ITypedFunction`2" => ClassFunction.Typed(Owner, Contract),
            _ => ClassFunction.Event(Owner, Contract, services),
        };
    }

    /// <summary>What no service stands for would be an exception in every request.</summary>
    private void CheckConstructor(IServiceProvider services)
    {
        if (Owner.GetConstructors() is not [{ } only])
            return;
        var known = services.GetRequiredService<IServiceProviderIsService>();
        if (Array.Find(only.GetParameters(), p => !p.HasDefaultValue && !known.IsService(p.ParameterType) && p.GetCustomAttributes(inherit: false).Length == 0) is { } missing)
        {
            throw new FatalException(
                ExitCodes.LoadFailed, $"The constructor of {Owner.FullName} asks for {missing.ParameterType} ({missing.Name}), which is no service of the host.",
                "add it in ConfigureServices of a FunctionsStartup, or take ILogger<T> or IConfiguration.");
        }
    }
}
