namespace Google.Cloud.Functions.Hosting;

/// <summary>Names a startup class, of one function or of all functions of the assembly.</summary>
/// <param name="startupType">A <see cref="FunctionsStartup"/> with a public constructor without parameters.</param>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Class, AllowMultiple = true)]
public sealed class FunctionsStartupAttribute(Type startupType) : Attribute
{
    public Type StartupType { get; } = startupType;

    /// <summary>Lower ones come first; 0 when absent.</summary>
    public int Order { get; set; }
}
