using System.Reflection;

namespace Kublambda.Invoker;

/// <summary>
/// Finds the function that FUNCTION_TARGET names: a class that implements an interface of the Functions Framework (<c>Namespace.Class</c>), or a method
/// of any class (<c>Namespace.Class.Method</c>). Without a target, the only class of the first kind.
/// </summary>
internal sealed class FunctionLoader(InvokerSettings settings)
{
    private const string Framework = "Google.Cloud.Functions.Framework";
    private static readonly string[] Contracts = ["IHttpFunction", "ICloudEventFunction", "ICloudEventFunction`1", "ITypedFunction`2"];

    /// <exception cref="FatalException">There is no such function, or it cannot be loaded.</exception>
    public FunctionTarget Find()
    {
        if (settings.Signature is not ("http" or "cloudevent"))
            throw Bad($"The signature \"{settings.Signature}\" is not supported by this runtime.", "use the signature \"http\" or \"cloudevent\".");
        var types = new FunctionAssemblies(settings.Source).LoadMain().SelectMany(TypesOf).ToList();
        var functions = types.FindAll(type => type is { IsClass: true, IsAbstract: false, IsGenericTypeDefinition: false } && InterfaceOf(type) is not null);
        var target = settings.Target;
        if (target.Length == 0)
        {
            return functions.Count == 1 ? OfClass(functions[0]) : throw Bad(
                functions.Count == 0 ? "No class of the source implements IHttpFunction, ICloudEventFunction or ITypedFunction, and no handler is set." : "Several classes of the source are functions, and no handler is set.",
                $"set the handler{(functions.Count > 0 ? $" to one of {List(functions.Select(f => f.FullName!))}" : " to Namespace.Class.Method, or implement Google.Cloud.Functions.Framework.IHttpFunction")}.");
        }

        if (functions.Find(type => type.FullName == target) is { } named)
            return OfClass(named);
        var dot = target.LastIndexOf('.');
        var owner = dot > 0 ? types.Find(type => type.FullName == target[..dot]) : null;
        var methods = owner?.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(m => !m.IsSpecialName).ToList() ?? [];
        var found = methods.FindAll(m => m.Name == target[(dot + 1)..]);
        return found.Count switch
        {
            1 => new(owner!, null, found[0]),
            > 1 => throw Bad($"The handler \"{target}\" names several methods.", "give the method a name of its own."),
            _ => throw Missing(target, owner, methods, functions, types),
        };
    }

    private static FunctionTarget OfClass(Type type) => new(type, InterfaceOf(type), null);

    private static Type? InterfaceOf(Type type) =>
        Array.Find(type.GetInterfaces(), i => i.Namespace == Framework && Contracts.Contains(i.Name));

    private static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (Exception e) when (e is FileNotFoundException or FileLoadException or TypeLoadException or ReflectionTypeLoadException)
        {
            throw new FatalException(
                ExitCodes.LoadFailed, $"{assembly.GetName().Name}.dll could not be loaded: {e.Message}",
                "put what it needs beside it: the source is the whole output of dotnet publish.");
        }
    }

    private static FatalException Missing(string target, Type? owner, List<MethodInfo> methods, List<Type> functions, List<Type> types)
    {
        if (owner is not null)
            return Bad($"The handler \"{target}\" was not found: {owner.FullName} has the public methods {List(methods.Select(m => m.Name))}.", "name one of them, or make the method public.");
        var there = functions.Count > 0 ? $"the functions {List(functions.Select(f => f.FullName!))}" : $"the public classes {List(types.Where(t => t is { IsClass: true, IsVisible: true }).Select(t => t.FullName!))}";
        return Bad($"The handler \"{target}\" was not found: the source has {there}.", "name a class that implements IHttpFunction or ICloudEventFunction, or Namespace.Class.Method.");
    }

    private static string List(IEnumerable<string> names) => names.Take(20).Select(n => $"\"{n}\"").ToList() is { Count: > 0 } shown ? string.Join(", ", shown) : "(none)";

    private static FatalException Bad(string cause, string remedy) => new(ExitCodes.BadTarget, cause, remedy);
}
