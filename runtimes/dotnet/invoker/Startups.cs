using System.Reflection;

namespace Kublambda.Invoker;

/// <summary>
/// The startup classes of a function (<c>[FunctionsStartup(typeof(Startup))]</c> on its class, a class that it derives from, or its
/// assembly): what they add to configuration, logging, services and middleware. By names, for they may be of the function's own copy of the package.
/// </summary>
internal sealed class Startups
{
    private const string Attribute = "Google.Cloud.Functions.Hosting.FunctionsStartupAttribute";
    private readonly IReadOnlyList<object> _all;
    private WebHostBuilderContext? _context;

    private Startups(IReadOnlyList<object> all) => _all = all;

    public static Startups Of(Type function) => new([.. AttributesOf(function)
        .OrderBy(a => (int)a.GetType().GetProperty("Order")!.GetValue(a)!)
        .Select(a => (Type)a.GetType().GetProperty("StartupType")!.GetValue(a)!)
        .Select(type => Activator.CreateInstance(type)!)]);

    /// <summary>All configuration first: the rest may look into it.</summary>
    public void Configure(WebApplicationBuilder builder)
    {
        if (_all.Count == 0)
            return;
        _context = new WebHostBuilderContext { Configuration = builder.Configuration, HostingEnvironment = builder.Environment };
        Call("ConfigureAppConfiguration", builder.Configuration);
        Call("ConfigureLogging", builder.Logging);
        Call("ConfigureServices", builder.Services);
    }

    /// <summary>The function behind the middleware.</summary>
    public RequestDelegate Pipeline(IServiceProvider services, RequestDelegate function)
    {
        if (_all.Count == 0)
            return function;
        var app = new ApplicationBuilder(services);
        Call("Configure", app);
        app.Run(function);
        return app.Build();
    }

    private void Call(string method, object argument)
    {
        foreach (var startup in _all)
            startup.GetType().GetMethod(method, [typeof(WebHostBuilderContext), Contract(method)])!.Invoke(startup, BindingFlags.DoNotWrapExceptions, null, [_context, argument], null);
    }

    private static Type Contract(string method) => method switch
    {
        "Configure" => typeof(IApplicationBuilder),
        "ConfigureAppConfiguration" => typeof(IConfigurationBuilder),
        "ConfigureLogging" => typeof(ILoggingBuilder),
        _ => typeof(IServiceCollection),
    };

    private static IEnumerable<object> AttributesOf(Type function) =>
        function.Assembly.GetCustomAttributes(inherit: false).Concat(function.GetCustomAttributes(inherit: true)).Where(a => a.GetType().FullName == Attribute);
}
