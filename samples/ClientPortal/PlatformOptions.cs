namespace Godwit.Samples.ClientPortal;

/// <summary>
/// Names of the platform on a server of one's own. Roles belong to the whole server: databases built with the same prefix share them.
/// </summary>
/// <param name="Admin">The project's admin: on the hosted service <c>postgres</c>, which is no superuser there. null: <c>postgres</c>, or <c>project_admin</c> where <c>postgres</c> is a superuser.</param>
/// <param name="RolePrefix">Put before every role's name: for a test that must own its roles. The JWT's roles then carry it too.</param>
/// <param name="Password">Of the roles that log in; null: none is set, and only roles that are made now get it.</param>
/// <param name="PreloadLibraries">Gives <c>authenticator</c> the hosted service's session_preload_libraries, with which it cannot log in on a plain server.</param>
public sealed record PlatformOptions(string? Admin = null, string RolePrefix = "", string? Password = null, bool PreloadLibraries = true);
